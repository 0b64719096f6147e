export default {
  fetch() {
    const o = null;
    o[Symbol.iterator] = 1;
  },
};
