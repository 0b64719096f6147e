export default {
  fetch() {
    const o = Object.freeze({});
    Object.defineProperty(o, "x", { value: 1 });
  },
};
