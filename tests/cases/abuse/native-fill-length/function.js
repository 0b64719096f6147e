export default { async fetch(request) {
Array.prototype.fill.call({ length: 2 ** 53 - 1 }, 1); return "done"
} };
