class A { static #p = 1; static t(o) { return #p in
  o; } }
export default { fetch() {
  return A.t(
    5);
} };
