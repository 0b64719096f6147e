class A {}
class B extends A {
  constructor() {
    const a = 1;
    this.x = a;
    super();
  }
}
export default {
  fetch() {
    return new B();
  },
};
