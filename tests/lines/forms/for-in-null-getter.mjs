export default {
  fetch() {
    const o = { get a() { throw new Error("a"); } };
    for (const k in o) {
      o[k];
    }
  },
};
