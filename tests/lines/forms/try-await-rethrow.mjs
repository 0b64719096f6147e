async function inner() {
  await null;
  throw new Error("inner");
}
export default {
  async fetch() {
    try {
      await inner();
    } catch (e) {
      throw new Error("outer", { cause: e });
    }
  },
};
