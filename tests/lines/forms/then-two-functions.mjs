export default {
  async fetch() {
    return Promise.resolve({}).then(
      (o) => o.a.b,
      (e) => e,
    );
  },
};
