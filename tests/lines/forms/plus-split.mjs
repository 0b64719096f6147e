export default { fetch() {
  const s = Symbol.iterator;
  return "a"
    +
    s;
} };
