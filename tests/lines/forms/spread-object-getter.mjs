const o = { get a() { throw new Error("spread"); } };
export default {
  fetch() {
    const x = {
      z: 1,
      ...o,
    };
    return x;
  },
};
