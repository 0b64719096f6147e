export default {
  async fetch() {
    for await (const r of [Promise.resolve(1), null]) {
      r.toFixed();
    }
  },
};
