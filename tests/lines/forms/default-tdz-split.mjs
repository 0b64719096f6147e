export default { fetch() {
  const {
    a
      =
      b
  } = {};
  const b = 1;
} };
