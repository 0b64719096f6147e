export default {
  fetch() {
    class C {
      static a = 1;
      static {
        const x = null;
        x.y;
      }
    }
    return C;
  },
};
