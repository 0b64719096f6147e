export default {
  fetch() {
    return "abc".replace(/b/, (m) => {
      return m.x.y;
    });
  },
};
