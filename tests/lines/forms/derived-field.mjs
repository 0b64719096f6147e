class A {
  constructor() {
    this.ready = true;
  }
}
class B extends A {
  x = undefined.y;
}
export default {
  fetch() {
    return new B();
  },
};
