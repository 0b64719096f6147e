const api = {
  orders: {
    fail(a) { throw new Error("x" + a); },
  },
};
export default {
  fetch() {
    return api
      .orders
      .fail(
        [1,
          2].map((n) => n),
      );
  },
};
