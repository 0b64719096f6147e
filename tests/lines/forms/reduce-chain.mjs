export default {
  fetch() {
    return [{ a: 1 }, { a: 2 }]
      .map((x) => x.a)
      .reduce((s, x) => s + x.value.y, 0)
      .toFixed(2);
  },
};
