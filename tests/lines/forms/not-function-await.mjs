export default {
  async fetch() {
    return (await Promise.resolve({})).go();
  },
};
