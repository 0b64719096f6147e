export default {
  fetch() {
    return Array.from([1, null], (x) =>
      x.y.z);
  },
};
