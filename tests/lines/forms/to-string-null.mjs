export default {
  fetch() {
    const n = null;
    return n.toString();
  },
};
