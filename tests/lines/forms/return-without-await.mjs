async function inner() {
  await null;
  throw new Error("inner");
}
async function middle() {
  return inner();
}
export default {
  async fetch() {
    return await middle();
  },
};
