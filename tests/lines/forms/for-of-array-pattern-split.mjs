export default { fetch() {
  const rows = [[1], 5];
  for (
    const
    [
      a
    ]
    of
    rows
  ) {
    a;
  }
} };
