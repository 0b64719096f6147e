export default { fetch() {
  const x = new Proxy({}, { get() { throw new Error("trap"); } });
  const {
    a,
    b
  }
  =
  x;
} };
