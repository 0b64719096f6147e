export default {
  async fetch() {
    await Promise.reject(new Error("a")).catch((e) => {
      const x = undefined;
      return x.y;
    });
  },
};
