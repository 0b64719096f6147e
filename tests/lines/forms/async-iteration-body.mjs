async function* pages() {
  yield { n: 1 };
  yield null;
}
export default {
  async fetch() {
    let sum = 0;
    for await (const p of pages()) {
      sum += 1;
      sum += p.n;
    }
    return sum;
  },
};
