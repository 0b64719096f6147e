export default {
  fetch() {
    return (1.5)
      .toFixed(
        200,
      );
  },
};
