export default {
  fetch() {
    const lib = {};
    return new lib.Client({
      a: 1,
    });
  },
};
