export default {
  fetch() {
    return (() => {
      const a = 1;
      return (function () {
        throw new Error("iife" + a);
      })();
    })();
  },
};
