function fail() { throw new Error("o"); }
export default {
  fetch() {
    for (
      let i = 0;
      i < fail();
      i++
    ) {
      return i;
    }
  },
};
