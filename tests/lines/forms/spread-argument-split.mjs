export default { fetch() {
  const f = () => 1;
  return f(
    1,
    ...
    5
  );
} };
