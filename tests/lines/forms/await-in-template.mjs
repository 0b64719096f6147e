const bad = async () => { throw new Error("bad"); };
export default {
  async fetch() {
    return `a ${1}
      b ${await bad()}
      c`;
  },
};
