export default { fetch() {
  const a
    =
    class
    extends
    (5)
    {
    };
} };
