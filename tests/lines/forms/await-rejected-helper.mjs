async function inner() {
  await null;
  throw new Error("inner");
}
async function middle() {
  const r = await inner(
  );
  return r;
}
export default {
  async fetch() {
    const a = 1;
    return await middle();
  },
};
