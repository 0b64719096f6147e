class C {
  a = this.b.c;
  b = {};
}
export default {
  fetch() {
    return new C();
  },
};
