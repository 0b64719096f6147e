export default {
  fetch() {
    const a = 1;
    missingVariable =
      a;
  },
};
