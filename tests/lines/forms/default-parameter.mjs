function required(name) {
  throw new Error(name);
}
function make(
  a,
  b = required("b"),
) {
  return a + b;
}
export default {
  fetch() {
    return make(1);
  },
};
