export default {
  fetch() {
    return [1, 2]
      .map((n) => n * 2)
      .filter((n) => n.x.y)
      .map((n) => n);
  },
};
