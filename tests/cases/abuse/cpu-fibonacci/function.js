export default { async fetch(request) {
const f = (n) => n < 2 ? n : f(n - 1) + f(n - 2); return String(f(60))
} };
