const a = { b: { c: undefined } };
export default {
  fetch() {
    return a?.b
      ?.c
      .d();
  },
};
