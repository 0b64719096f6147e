export default {
  fetch() {
    const o = { a: {} };
    return o
      .a
      .run(
        1,
        2,
      );
  },
};
