function a() {
  return b(
    1,
  );
}
function b() {
  return [1].forEach(
    c,
  );
}
function c() {
  throw new TypeError("c");
}
export default {
  fetch() {
    return a();
  },
};
