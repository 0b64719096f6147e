export default {
  fetch() {
    const o = {};
    return o
      instanceof
      o.Type;
  },
};
