class C {
  static get it() {
    throw new Error("it");
  }
}
export default {
  fetch() {
    return [
      1,
      C.it,
    ];
  },
};
