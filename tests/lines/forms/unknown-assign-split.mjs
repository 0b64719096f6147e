export default { fetch() {
  unknown
   =
   2;
} };
