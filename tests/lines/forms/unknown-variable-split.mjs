export default { fetch() {
  return unknown
   .f
   (
     2
   )
   ;
} };
