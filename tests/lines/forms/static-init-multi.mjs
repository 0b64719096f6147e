class Registry {
  static map = new Map();
  static get(n) {
    return Registry.map.get(n)
      .handler();
  }
}
export default {
  fetch() {
    return Registry.get("x");
  },
};
