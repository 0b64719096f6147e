export default {
  fetch() {
    Math.max(1, 2);
    const nothing = null;
    const { x } = nothing;
  },
};
