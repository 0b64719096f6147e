const config = null;
class C {
  a = 1;
  b = config.x;
}
export default {
  fetch() {
    const a = 1;
    return new C();
  },
};
