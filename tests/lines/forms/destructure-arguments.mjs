function f() {
  const [{ a }] = arguments;
  return a;
}
export default {
  fetch() {
    return f(null);
  },
};
