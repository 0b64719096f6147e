export default { async fetch() {
  const p = async () => { await null; throw new Error("x"); };
  for await
  (
    const x
    of
    (async function* () { yield await
       p(); })()
  ) {
  }
} };
