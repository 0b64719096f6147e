export default { fetch() {
  const o = 5;
  const
    [
      a,
    ]
    =
    o;
} };
