const curry = (a) => (b) => { throw new Error(a + b); };
export default {
  fetch() {
    return curry(
      1,
    )(
      2,
    );
  },
};
