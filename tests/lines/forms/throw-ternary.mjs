export default {
  fetch() {
    const x = 1;
    throw x
      ? new TypeError(
          "t",
        )
      : null;
  },
};
