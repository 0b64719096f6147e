function fail() { throw new Error("sync"); }
export default {
  async fetch() {
    const a = 1;
    fail(
      a,
    );
  },
};
