export default {
  fetch() {
    const a = 1;
    const b = a +
      later;
    let later = 1;
    return b;
  },
};
