export default {
  fetch() {
    throw new Error(
      "one" +
        "two",
    );
  },
};
