export default { fetch() {
  const o = null;
  return (
    o
  )
    .x;
} };
