function handler([a, b]) {
  return a + b;
}
export default {
  fetch() {
    return handler(5);
  },
};
