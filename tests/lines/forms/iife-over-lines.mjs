export default {
  fetch() {
    return (function named() {
      throw new Error("iife");
    })(
      1,
    );
  },
};
