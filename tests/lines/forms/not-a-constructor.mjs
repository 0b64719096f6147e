export default {
  fetch() {
    const o = { Thing: 1 };
    return new o.Thing(
      1,
    );
  },
};
