export default { *gen() { yield *
 5; }, fetch() {
  return [...this.gen()];
} };
