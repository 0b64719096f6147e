export default {
  fetch() {
    const Base = undefined;
    class C
      extends Base {}
    return C;
  },
};
