class Mine extends Error {
  constructor(m) {
    super(m);
    Error.captureStackTrace(this, Mine);
  }
}
function check() {
  throw new Mine("captured");
}
export default {
  fetch() {
    check();
  },
};
