export default {
  fetch() {
    const s = Symbol("s");
    return `a
      ${s}
      b`;
  },
};
