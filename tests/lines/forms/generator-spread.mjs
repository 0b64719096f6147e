function* numbers() {
  yield 1;
  yield null.x;
}
export default {
  fetch() {
    return [
      0,
      ...numbers(),
    ];
  },
};
