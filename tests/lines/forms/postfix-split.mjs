export default { fetch() {
  const o = Object.freeze({ a: 1 });
  o
    .a++;
} };
