export default { async fetch(request) {
const s = "a\u0301\u0323".repeat(50000); for (;;) s.normalize("NFKC")
} };
