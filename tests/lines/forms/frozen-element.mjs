export default {
  fetch() {
    const a = Object.freeze([1]);
    a[0] = 2;
  },
};
