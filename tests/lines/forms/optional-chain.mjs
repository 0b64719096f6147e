const a = { b: null };
export default {
  fetch() {
    return a
      ?.b
      .c;
  },
};
