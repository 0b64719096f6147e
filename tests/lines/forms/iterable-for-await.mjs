export default {
  async fetch() {
    const o = {};
    for await (const x of o) return x;
  },
};
