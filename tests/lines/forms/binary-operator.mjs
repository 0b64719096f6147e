const odd = {
  valueOf() {
    throw new Error("number");
  },
};
export default {
  fetch() {
    const a = 1;
    return a +
      2 *
      odd;
  },
};
