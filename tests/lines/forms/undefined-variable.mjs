export default {
  fetch() {
    const a = 1;
    return a +
      missingVariable;
  },
};
