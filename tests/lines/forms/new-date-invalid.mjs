export default {
  fetch() {
    return new Date(NaN)
      .toISOString();
  },
};
