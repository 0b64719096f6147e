export default {
  fetch() {
    throw Error(
      "plain call",
    );
  },
};
