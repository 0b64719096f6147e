function fail() { throw new Error("o"); }
export default {
  fetch() {
    return {
      a: 1,
      b: fail(),
      c: 2,
    };
  },
};
