class A { #p = 1; t() { 
  this.
    #q
    =
    5; } get #q() { return 1 } }
export default { fetch() {
  return new A().t(
    5);
} };
