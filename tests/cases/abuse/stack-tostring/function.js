export default { async fetch(request) {
const o = { toString() { return "" + o } }; return "" + o
} };
