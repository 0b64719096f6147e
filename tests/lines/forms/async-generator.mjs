async function* pages() {
  yield 1;
  await null;
  throw new Error("page");
}
export default {
  async fetch() {
    const all = [];
    for await (const p of pages()) {
      all.push(p);
    }
    return all;
  },
};
