export default {
  fetch() {
    return class C {
      static a = 1;
      static b = fail();
    };
  },
};
function fail() {
  throw new Error("static");
}
