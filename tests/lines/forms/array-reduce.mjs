export default {
  fetch() {
    return [].reduce(
      (a, b) => a + b,
    );
  },
};
