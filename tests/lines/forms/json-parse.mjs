function read(text) {
  const value = JSON.parse(
    text,
  );
  return value;
}
export default {
  fetch() {
    return read("{ bad");
  },
};
