export default {
  fetch() {
    const steps = [];
    return steps[0](1);
  },
};
