export default {
  fetch() {
    const t = {};
    ({
      a: t.x,
      b: t.y.z,
    } = { a: 1, b: 2 });
  },
};
