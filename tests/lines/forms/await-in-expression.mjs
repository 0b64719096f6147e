const one = async () => 1;
export default {
  async fetch() {
    const o = { n: 1 };
    return o.n +
      (await one()) +
      o.x.y;
  },
};
