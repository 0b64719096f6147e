export default { fetch() {
  const o = { F: class { constructor() { throw new Error("t") } } };
  return new
   o
   .F
   (
     2
   )
   ;
} };
