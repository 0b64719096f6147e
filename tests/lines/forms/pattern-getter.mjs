export default { fetch() {
  const x = { get a() { return 1 }, get b() { throw new Error("trap"); } };
  const {
    a,
    b:
     c
  }
  =
  x;
} };
