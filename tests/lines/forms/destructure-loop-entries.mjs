export default {
  fetch() {
    const o = { a: {}, b: null };
    for (const [k, { v }] of Object.entries(o)) {
      v;
    }
  },
};
