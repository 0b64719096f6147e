export default { async fetch(request) {
const a = new Array(3000000).fill(0); return String(Math.max(...a))
} };
