export default {
  fetch() {
    let a, b;
    const o = null;
    ({ a, b } = o);
    return a + b;
  },
};
