export default {
  fetch() {
    const rows = [[1], null];
    const [
      [a],
      [b],
    ] = rows;
    return a + b;
  },
};
