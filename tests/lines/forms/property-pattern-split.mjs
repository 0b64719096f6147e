export default { fetch() {
  const o = {};
  const
    {
      x
        :
        a,
    }
    =
    o.y;
} };
