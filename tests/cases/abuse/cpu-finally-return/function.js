export default { async fetch(request) {
const f = () => { for (;;) { try { return 1 } finally { continue } } }; return String(f())
} };
