export default {
  fetch() {
    const o = Object.freeze({ a: 1 });
    const b = 1;
    o
      .a =
      b;
  },
};
