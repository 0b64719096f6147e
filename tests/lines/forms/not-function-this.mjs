class C {
  run() {
    return this.missing();
  }
}
export default {
  fetch() {
    return new C().run();
  },
};
