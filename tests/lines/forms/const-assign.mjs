export default {
  fetch() {
    const a = 1;
    a =
      2;
  },
};
