function arg() { return 1; }
function fail() { throw new Error("x"); }
export default {
  fetch() {
    fail(
      arg(),
      arg(),
    );
  },
};
