export default {
  fetch() {
    const o = { n: 1 };
    for (const x of
      o.n) {
      return x;
    }
  },
};
