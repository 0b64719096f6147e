export default {
  fetch() {
    const handlers = {};
    return handlers["on-start"]();
  },
};
