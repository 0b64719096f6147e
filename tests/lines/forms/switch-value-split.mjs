export default { fetch() {
  switch
   (
    null.x
   ) {
    case 1:
  }
} };
