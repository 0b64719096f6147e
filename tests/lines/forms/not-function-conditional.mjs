export default {
  fetch() {
    const a = {}, b = 1;
    return (b ? a.x : a.y)();
  },
};
