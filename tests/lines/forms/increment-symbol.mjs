export default { fetch() {
  let s = Symbol.iterator;
  const b = 1;
  s++;
} };
