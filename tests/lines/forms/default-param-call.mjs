function fail() { throw new TypeError("required"); }
const f = (
  a = 1,
  b = fail(),
) => a + b;
export default {
  fetch() {
    return f();
  },
};
