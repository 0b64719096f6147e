export default {
  fetch() {
    let a, b;
    [a, b] = undefined;
  },
};
