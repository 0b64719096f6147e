function show(
  a,
  {
    name,
    age,
  },
) {
  return name + age;
}
export default {
  fetch() {
    return show(1);
  },
};
