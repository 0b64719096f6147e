export default {
  fetch() {
    for (const i = 0; i < 2; i++) {
      i;
    }
  },
};
