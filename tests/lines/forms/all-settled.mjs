const load = async (id) => {
  await null;
  throw new Error("n" + id);
};
export default {
  async fetch() {
    const [r] = await Promise.allSettled([load(1)]);
    throw r.reason;
  },
};
