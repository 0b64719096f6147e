export default {
  fetch() {
    const a = 1n;
    const b = 2;
    return a
      +
      b;
  },
};
