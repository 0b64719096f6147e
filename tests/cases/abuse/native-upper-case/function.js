export default { async fetch(request) {
const s = "ß".repeat(200000); for (;;) s.toUpperCase()
} };
