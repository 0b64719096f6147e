const order = { customer: { address: undefined } };
export default {
  fetch() {
    return order
      ?.customer
      ?.address
      .street
      ?.name;
  },
};
