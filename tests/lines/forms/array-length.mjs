export default {
  fetch() {
    const n = -1;
    return new Array(
      n,
    );
  },
};
