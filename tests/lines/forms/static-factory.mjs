class Fault extends Error {
  static of(code) {
    return new this(code);
  }
}
export default {
  fetch() {
    throw Fault.of("E1");
  },
};
