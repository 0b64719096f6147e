export default { async fetch() {
  const o = { then(r, j) { throw new Error("then"); } };
  await
   o;
} };
