async function one(n) {
  await null;
  if (n === 2) throw new Error("two");
  return n;
}
export default {
  async fetch() {
    const all = await Promise.all([
      one(1),
      one(2),
    ]);
    return all;
  },
};
