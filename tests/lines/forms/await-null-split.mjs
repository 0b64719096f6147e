export default { async fetch() {
  await
   null
   .x
} };
