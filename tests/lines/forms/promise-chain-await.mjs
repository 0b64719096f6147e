export default {
  async fetch() {
    return await Promise.resolve(1)
      .then((v) => v + 1)
      .then((v) => {
        return v.x.y;
      });
  },
};
