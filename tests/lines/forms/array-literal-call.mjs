function fail() { throw new Error("o"); }
export default {
  fetch() {
    return [
      1,
      fail(
      ),
      2,
    ];
  },
};
