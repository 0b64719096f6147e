export default { fetch() {
  const
    {
      a: {
        b
          : [
            c
          ]
      }
    }
    =
    { a: { b: 5 } };
} };
