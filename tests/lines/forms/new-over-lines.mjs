class Order {
  constructor(a, b) {
    if (b) throw new Error("order");
  }
}
function arg() { return 1; }
export default {
  fetch() {
    return new Order(
      arg(),
      arg(),
    );
  },
};
