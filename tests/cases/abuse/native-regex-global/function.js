export default { async fetch(request) {
const s = "ab".repeat(100000); for (;;) s.match(/a/g)
} };
