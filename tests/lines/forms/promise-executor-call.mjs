function fail() { throw new Error("executor"); }
export default {
  async fetch() {
    await new Promise(() => {
      fail(
        1,
      );
    });
  },
};
