export default { async fetch() {
  const { a }
   =
   await
   Promise.resolve(null);
} };
