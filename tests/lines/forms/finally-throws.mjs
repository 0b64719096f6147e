export default {
  async fetch() {
    await Promise.resolve(1).finally(() => {
      throw new Error("finally");
    });
  },
};
