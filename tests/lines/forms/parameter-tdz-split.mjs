function f(
  a
    =
    c,
  b,
  c
) {}
export default { fetch() {
  f(
  );
} };
