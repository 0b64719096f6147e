export default {
  fetch() {
    const o = {};
    o.o = o;
    return JSON.stringify(
      o,
    );
  },
};
