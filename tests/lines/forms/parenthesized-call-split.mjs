export default { fetch() {
  const o = () => { throw new Error("t") };
  return (
    o
    )
    (
     1
    );
} };
