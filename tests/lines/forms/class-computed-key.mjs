function key() { throw new Error("key"); }
export default {
  fetch() {
    return class {
      a() {}
      [key()]() {}
    };
  },
};
