export default {
  fetch() {
    const a = { b: { c: [{ d: {} }] } };
    return a.b.c[0].d.e();
  },
};
