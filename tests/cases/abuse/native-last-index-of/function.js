export default { async fetch(request) {
const s = "a".repeat(1 << 20); for (;;) s.lastIndexOf("baaaaaaaa")
} };
