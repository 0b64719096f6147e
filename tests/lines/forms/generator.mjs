function* numbers() {
  yield 1;
  throw new Error("generator");
}
export default {
  fetch() {
    const all = [];
    for (const n of numbers()) {
      all.push(n);
    }
    return all;
  },
};
