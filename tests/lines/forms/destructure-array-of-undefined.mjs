export default {
  fetch() {
    const o = undefined;
    const [a, b] = o;
  },
};
