function Custom(message) {
  const e = new Error(message);
  Object.setPrototypeOf(e, Custom.prototype);
  return e;
}
Custom.prototype = Object.create(Error.prototype);
export default {
  fetch() {
    throw new Custom("x");
  },
};
