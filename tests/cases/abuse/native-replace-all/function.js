export default { async fetch(request) {
const s = "a".repeat(200000); for (;;) s.replaceAll("a", "b")
} };
