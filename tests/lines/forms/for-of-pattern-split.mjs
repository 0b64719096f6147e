export default { fetch() {
  const rows = [[1], null];
  for (
    const
    {
      a
    }
    of
    rows
  ) {
    a;
  }
} };
