class C {
  #x = 1;
  static read(o) {
    return o
      .#x;
  }
}
export default {
  fetch() {
    return C.read({});
  },
};
