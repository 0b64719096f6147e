export default {
  fetch() {
    return "x".repeat(
      -1,
    );
  },
};
