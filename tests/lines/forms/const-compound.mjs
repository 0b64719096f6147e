export default {
  fetch() {
    const total = 1;
    total += 2;
  },
};
