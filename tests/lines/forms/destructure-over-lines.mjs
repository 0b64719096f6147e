export default {
  fetch() {
    const nothing = undefined;
    const {
      a,
      b,
    } = nothing;
  },
};
