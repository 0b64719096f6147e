export default {
  fetch() {
    const s = Symbol();
    const a = 1;
    return [
      a,
      -s,
    ];
  },
};
