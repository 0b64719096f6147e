const shop = { Order: class { constructor() { throw new Error("o"); } } };
export default {
  fetch() {
    return new shop
      .Order(
        1,
      );
  },
};
