export default { fetch() {
  return typeof
    null
    .x;
} };
