function fail() { throw new Error("o"); }
export default {
  fetch() {
    const o = {};
    o.a =
      o.b =
        fail();
  },
};
