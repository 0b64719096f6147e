class Fault extends Error {
  static of(code) {
    return new this(code);
  }
}
class Other extends Fault {}
export default {
  fetch() {
    throw Other.of(
      "E1",
    );
  },
};
