export default { fetch() {
  let s = Symbol.iterator;
  s
    +=
    1;
} };
