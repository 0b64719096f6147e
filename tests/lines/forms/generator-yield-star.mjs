function* inner() {
  yield 1;
  throw new Error("inner");
}
function* outer() {
  yield 0;
  yield* inner();
}
export default {
  fetch() {
    return Array.from(outer());
  },
};
