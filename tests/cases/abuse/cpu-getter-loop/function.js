export default { async fetch(request) {
const o = { get x() { for (;;); } }; return String(o.x)
} };
