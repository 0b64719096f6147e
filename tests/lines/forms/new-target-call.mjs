function Thing() {
  if (!new.target) {
    throw new TypeError("use new");
  }
}
export default {
  fetch() {
    return Thing(
    );
  },
};
