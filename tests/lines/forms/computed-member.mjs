function key() { throw new Error("key"); }
export default {
  fetch() {
    const o = {};
    return o[
      key()
    ];
  },
};
