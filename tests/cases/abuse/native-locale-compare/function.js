export default { async fetch(request) {
const a = "ä".repeat(100000), b = a + "x"; for (;;) a.localeCompare(b)
} };
