export default {
  fetch() {
    return "text".shout();
  },
};
