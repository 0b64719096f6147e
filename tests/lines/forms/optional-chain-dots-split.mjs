export default { fetch() {
  const o = { a: 1 };
  o
    ?.
    a
    .
    b
    .
    c;
} };
