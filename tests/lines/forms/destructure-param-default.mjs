function handler({ a } = null) {
  return a;
}
export default {
  fetch() {
    return handler();
  },
};
