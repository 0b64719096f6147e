export default { fetch() {
  return `
   ${
     1
   }
   ${
     Symbol.iterator
   }`;
} };
