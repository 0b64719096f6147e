export default { async fetch() {
  const p = async () => { await null; throw new Error("x"); };
  return [
     1,
     await
      p
      (
      )
  ];
} };
