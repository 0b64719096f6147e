export default { fetch() {
  const o = { tag() { throw new Error("t") } };
  return o
    .tag
    `x
     ${1}`;
} };
