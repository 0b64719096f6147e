class A {}
class B extends A {
  go() {
    return super
      .missing(
        1,
      );
  }
}
export default {
  fetch() {
    return new B().go();
  },
};
