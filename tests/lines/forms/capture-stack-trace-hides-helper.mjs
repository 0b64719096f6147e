function assert(condition) {
  if (condition) return;
  const e = new Error("assertion");
  Error.captureStackTrace(e, assert);
  throw e;
}
export default {
  fetch() {
    assert(1);
    assert(
      0,
    );
  },
};
