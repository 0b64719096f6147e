class C {
  a = 1;
  b = missing(
    1,
  );
}
function missing() { throw new Error("field"); }
export default {
  fetch() {
    return new C();
  },
};
