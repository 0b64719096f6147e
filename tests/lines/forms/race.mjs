const load = async (id) => {
  await null;
  throw new Error("n" + id);
};
export default {
  async fetch() {
    return await Promise.race([load(1)]);
  },
};
