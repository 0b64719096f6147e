function fail() { throw new Error("o"); }
export default {
  fetch() {
    const a = 0;
    return a ||
      null ||
      fail();
  },
};
