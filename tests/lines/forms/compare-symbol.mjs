export default {
  fetch() {
    const s = Symbol();
    return 1 <
      s;
  },
};
