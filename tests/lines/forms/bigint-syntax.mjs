export default {
  fetch() {
    return BigInt(
      "x",
    );
  },
};
