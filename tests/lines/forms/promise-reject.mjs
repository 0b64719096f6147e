export default {
  async fetch() {
    await Promise.reject(
      new Error("rejected"),
    );
  },
};
