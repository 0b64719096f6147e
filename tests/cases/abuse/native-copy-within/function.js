export default { async fetch(request) {
Array.prototype.copyWithin.call({ length: 2 ** 53 - 1, 5: 1 }, 0, 1); return "done"
} };
