export default {
  fetch() {
    const o = {};
    o.a
      .b =
      1;
  },
};
