export default { fetch() {
  const o = {};
  for (
    o.a.b
    of
    [1]
  ) ;
} };
