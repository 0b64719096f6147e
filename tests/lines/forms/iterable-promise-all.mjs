export default {
  async fetch() {
    return await Promise.all(5);
  },
};
