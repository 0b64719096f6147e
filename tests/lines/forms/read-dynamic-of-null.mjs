export default {
  fetch() {
    const o = null, k = "key";
    return o[k];
  },
};
