export default { fetch() {
  const o = { f: 1 };
  return o
   .f
   (
     2
   )
   ;
} };
