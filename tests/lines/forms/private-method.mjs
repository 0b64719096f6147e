class C {
  #go() { throw new Error("private"); }
  run() {
    return this
      .#go();
  }
}
export default {
  fetch() {
    return new C().run();
  },
};
