export default {
  fetch(request) {
    const order = {};
    const total =
      order.items
        .first
        .total;
    return total;
  },
};
