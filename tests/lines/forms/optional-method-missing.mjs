const service = { orders: {} };
export default {
  fetch() {
    return service?.orders
      ?.find(
        1,
      );
  },
};
