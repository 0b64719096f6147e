export default { async fetch(request) {
Array.prototype.unshift.call({ length: 2 ** 53 - 2, 0: 1 }, 2); return "done"
} };
