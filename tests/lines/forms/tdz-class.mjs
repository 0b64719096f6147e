export default {
  fetch() {
    const x = new Later();
    class Later {}
    return x;
  },
};
