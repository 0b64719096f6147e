export default { fetch() {
  for (
    const x
    of
    5
  ) ;
} };
