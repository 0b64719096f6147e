async function one(n) {
  await null;
  throw new Error("n" + n);
}
export default {
  async fetch() {
    try {
      return await Promise.any([one(1)]);
    } catch (e) {
      throw e.errors[0];
    }
  },
};
