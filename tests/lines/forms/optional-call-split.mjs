export default { fetch() {
  const o = { };
  o
    .a
    ?.b
    .c;
  o
    ?.
    a
    (
    );
} };
