class Order { constructor() { throw new Error("o"); } }
export default {
  fetch() {
    const a = 1;
    return [a,
      new Order,
    ];
  },
};
