export default { async fetch() {
  const f = async ({ a }) => a;
  return (
   await
   f()
   );
} };
