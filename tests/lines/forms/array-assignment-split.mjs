export default { fetch() {
  let a;
  (
    [
      a,
    ]
    =
    undefined);
} };
