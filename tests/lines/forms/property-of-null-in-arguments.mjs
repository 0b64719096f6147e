function id(x) { return x; }
export default {
  fetch() {
    const o = null;
    return id(
      1,
      o.x,
      2,
    );
  },
};
