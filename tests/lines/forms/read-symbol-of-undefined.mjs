export default {
  fetch() {
    const o = undefined;
    return o[Symbol.iterator];
  },
};
