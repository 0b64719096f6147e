const p = new Proxy({}, {
  get(target, name) {
    throw new Error(String(name));
  },
});
export default {
  fetch() {
    const a = 1;
    return a
      + p
        .name;
  },
};
