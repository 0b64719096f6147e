const two = async () => 2;
function fail(a, b) { throw new Error(a + b); }
export default {
  async fetch() {
    return fail(
      await two(),
      await two(),
    );
  },
};
