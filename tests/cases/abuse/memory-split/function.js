export default { async fetch(request) {
const s = "ab".repeat(2000000); return String(s.split("").length)
} };
