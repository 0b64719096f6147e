export default {
  fetch() {
    return new RegExp(
      "(",
    );
  },
};
