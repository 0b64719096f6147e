class C {
  static #make() {
    throw new Error("made");
  }
  static run() {
    C.#make();
  }
}
export default {
  fetch() {
    return C.run();
  },
};
