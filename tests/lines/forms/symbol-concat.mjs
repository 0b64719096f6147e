export default {
  fetch() {
    return "a" + Symbol("x");
  },
};
