export default {
  fetch() {
    const o = undefined;
    const { ...rest } = o;
    return rest;
  },
};
