export default {
  fetch() {
    const f = () => later;
    f();
    const later = 1;
    return later;
  },
};
