const a = { b: 1 };
export default {
  fetch() {
    const x = a
      ?.b
      ?.();
    return x;
  },
};
