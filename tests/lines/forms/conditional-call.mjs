function fail() { throw new Error("o"); }
export default {
  fetch() {
    const a = 0;
    return a
      ? 1
      : fail();
  },
};
