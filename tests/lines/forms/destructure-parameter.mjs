function show({ name }) {
  return name;
}
export default {
  fetch() {
    const a = 1;
    return show();
  },
};
