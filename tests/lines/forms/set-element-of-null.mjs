export default {
  fetch() {
    const o = null;
    o[
      "k"
    ] = 1 +
      2;
  },
};
