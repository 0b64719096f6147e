export default {
  fetch() {
    const o = { length: 1 };
    const [
      a,
    ] = o;
    return a;
  },
};
