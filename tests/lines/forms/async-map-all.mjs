const load = async (id) => {
  await null;
  if (id === 2) {
    throw new Error("two");
  }
  return id;
};
export default {
  async fetch() {
    const ids = [1, 2, 3];
    return Promise.all(
      ids.map(async (id) => {
        const x = await load(id);
        return x;
      }),
    );
  },
};
