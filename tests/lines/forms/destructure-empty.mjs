export default {
  fetch() {
    const o = null;
    const {} = o;
  },
};
