export default { async fetch(request) {
return String(Array.prototype.indexOf.call({ length: 2 ** 53 - 1, [2 ** 53 - 2]: 1 }, 1))
} };
