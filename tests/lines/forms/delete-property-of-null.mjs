export default {
  fetch() {
    const o = null;
    const a = 1;
    return delete o
      .x;
  },
};
