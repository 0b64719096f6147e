function make(
  a,
  b = a.x.y,
) {
  return a + b;
}
export default {
  fetch() {
    return make({});
  },
};
