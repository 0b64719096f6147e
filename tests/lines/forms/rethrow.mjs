function fail() { throw new Error("o"); }
export default {
  fetch() {
    try {
      fail();
    } catch (e) {
      const a = 1;
      throw e;
    }
  },
};
