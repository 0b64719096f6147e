export default {
  fetch() {
    const o = {};
    return [1].map(
      o.callback,
    );
  },
};
