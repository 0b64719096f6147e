export default {
  fetch() {
    return [3, 1].sort((a, b) => {
      throw new Error(`${a}${b}`);
    });
  },
};
