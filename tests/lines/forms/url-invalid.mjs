export default {
  fetch() {
    return new URL(
      "not a url",
    );
  },
};
