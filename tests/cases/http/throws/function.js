function inner() {
  throw new TypeError("went wrong");
}
export default {
  fetch() {
    inner();
  },
};
