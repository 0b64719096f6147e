export default { fetch() {
  const o = null;
  return o?.a ||
    o
    .b
} };
