const o = { m() {} };
export default {
  fetch() {
    return new o.m();
  },
};
