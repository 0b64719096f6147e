export default { async fetch(request) {
const a = new Array(2 ** 32 - 1); a.fill(0); return "x"
} };
