export default { async fetch(request) {
const h = new Headers(); for (let i = 0; ; i++) h.append("x" + i, "y".repeat(100))
} };
