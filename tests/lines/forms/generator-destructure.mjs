function* g() {
  yield 1;
  throw new Error("second");
}
export default {
  fetch() {
    const [a, b] = g();
    return a + b;
  },
};
