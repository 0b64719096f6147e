const two = async () => 2;
export default {
  async fetch() {
    const a = await two();
    const b = await two();
    null.x;
    return a + b;
  },
};
