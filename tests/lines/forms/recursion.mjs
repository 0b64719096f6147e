function down(n) {
  return down(n + 1) + 1;
}
export default {
  fetch() {
    return down(0);
  },
};
