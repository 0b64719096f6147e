class C {
  #db;
  run() {
    return this.#db
      .query("x");
  }
}
export default {
  fetch() {
    return new C().run();
  },
};
