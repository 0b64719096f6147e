const required = (n) => { throw new Error(n); };
export default {
  fetch() {
    const {
      a = 1,
      b = required("b"),
    } = {};
    return a + b;
  },
};
