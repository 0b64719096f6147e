function* g() {
  const got = yield 1;
  got.call();
}
export default {
  fetch() {
    const it = g();
    it.next();
    return it.next(
      5,
    );
  },
};
