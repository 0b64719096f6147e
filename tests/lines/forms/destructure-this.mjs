class C {
  go() {
    const { a: { b } } = this;
    return b;
  }
}
export default {
  fetch() {
    return new C().go();
  },
};
