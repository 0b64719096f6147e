export default { async fetch(request) {
return Array.prototype.join.call({ length: 2 ** 32 }, "x")
} };
