export default { fetch() {
  const
    {
      ...rest
    }
    =
    null;
} };
