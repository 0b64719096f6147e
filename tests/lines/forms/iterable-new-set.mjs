export default {
  fetch() {
    return new Set(5);
  },
};
