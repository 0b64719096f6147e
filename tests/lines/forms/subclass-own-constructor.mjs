class NotFound extends Error {
  constructor(what) {
    super(`no such ${what}`);
    this.name = "NotFound";
    this.what = what;
  }
}
export default {
  fetch() {
    throw new NotFound("order");
  },
};
