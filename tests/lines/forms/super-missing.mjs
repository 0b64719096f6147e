class A {}
class B extends A {
  constructor() {
    const x = 1;
  }
}
export default {
  fetch() {
    return new B();
  },
};
