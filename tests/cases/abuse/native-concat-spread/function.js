export default { async fetch(request) {
return String([].concat({ length: 2 ** 32, [Symbol.isConcatSpreadable]: true }).length)
} };
