export default {
  fetch() {
    const n = 5;
    return new Map(
      n,
    );
  },
};
