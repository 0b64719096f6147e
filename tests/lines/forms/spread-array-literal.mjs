export default {
  fetch() {
    const o = 5;
    return [
      1,
      ...o,
    ];
  },
};
