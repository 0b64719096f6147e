function Legacy() {}
Legacy.prototype = Object.create(Error.prototype);
export default {
  fetch() {
    const e = Reflect.construct(Error, ["x"], Legacy);
    throw e;
  },
};
