export default {
  fetch() {
    return Object.fromEntries(5);
  },
};
