export default { fetch() {
  let a;
  (
    {
      x
        :
        a,
    }
    =
    undefined);
} };
