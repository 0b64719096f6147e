function f(...all) { return all; }
export default {
  fetch() {
    const o = {};
    return f(
      1,
      ...o.list,
    );
  },
};
