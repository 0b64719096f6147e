function fail() { throw new Error("o"); }
export default {
  fetch() {
    return (1,
      2,
      (fail)(
        3));
  },
};
