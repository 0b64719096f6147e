export default { fetch() {
  const o = { f: () => () => { throw new Error("t") } };
  return o.f
   (
     1
   )
   (
     2
   )
   ;
} };
