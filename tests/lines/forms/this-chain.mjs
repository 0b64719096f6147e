export default { fetch() {
  return this
    .x
    .y
    .z
} };
