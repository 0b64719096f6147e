function f(a = b, b = 1) {
  return a + b;
}
export default {
  fetch() {
    return f();
  },
};
