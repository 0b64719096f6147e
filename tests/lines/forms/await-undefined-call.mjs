export default {
  async fetch() {
    const db = {};
    const row = await db
      .find({
        id: 1,
      });
    return row;
  },
};
