export default {
  fetch() {
    const count = 1;
    const b = 1;
    count++;
    return b;
  },
};
