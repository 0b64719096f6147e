export default {
  fetch() {
    const list = undefined;
    return Math.max(
      ...list,
    );
  },
};
