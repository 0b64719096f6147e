const o = {
  set total(v) {
    throw new Error("setter");
  },
};
export default {
  fetch() {
    o
      .total =
        5;
  },
};
