export default {
  fetch() {
    const m = new Map([["a", null]]);
    m.forEach((v) => {
      v.x;
    });
  },
};
