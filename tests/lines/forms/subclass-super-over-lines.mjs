class A extends Error {
  constructor() {
    super(
      "a",
    );
  }
}
function make() {
  return new A();
}
export default {
  fetch() {
    throw make();
  },
};
