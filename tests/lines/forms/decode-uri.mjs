export default {
  fetch() {
    return decodeURIComponent(
      "%",
    );
  },
};
