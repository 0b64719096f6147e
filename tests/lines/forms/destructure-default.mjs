export default {
  fetch() {
    const o = {};
    const { a = missing() } = o;
    function missing() {
      throw new Error("required");
    }
  },
};
