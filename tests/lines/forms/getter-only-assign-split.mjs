export default { fetch() {
  const o = Object.freeze({ a: { get x() { return 1 } } });
  o
    .a
    .x
    =
    5;
} };
