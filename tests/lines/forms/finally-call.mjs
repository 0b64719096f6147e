function fail() { throw new Error("o"); }
export default {
  fetch() {
    try {
      return 1;
    } finally {
      fail();
    }
  },
};
