export default {
  fetch() {
    const k = "x";
    const o = null;
    const {
      [k]: v,
    } = o;
    return v;
  },
};
