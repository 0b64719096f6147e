export default {
  fetch() {
    const o = { a: {} };
    const {
      a: {
        b: { c },
      },
    } = o;
    return c;
  },
};
