export default { async fetch(request) {
const e = new TextEncoder(), s = "ä".repeat(300000); for (;;) e.encode(s)
} };
