class A { t() { 
  super
    .x
    .y; } }
export default { fetch() {
  return new A().t();
} };
