function* g() {
  try {
    yield 1;
  } catch (e) {
    throw new Error("inside", { cause: e });
  }
}
export default {
  fetch() {
    const it = g();
    it.next();
    it.throw(
      new Error("thrown"),
    );
  },
};
