const load = async () => undefined;
export default {
  async fetch() {
    const { rows } = await load();
    return rows;
  },
};
