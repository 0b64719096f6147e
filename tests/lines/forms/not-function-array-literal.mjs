export default {
  fetch() {
    return [1, 2].foo();
  },
};
