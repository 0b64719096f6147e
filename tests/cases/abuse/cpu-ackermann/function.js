export default { async fetch(request) {
const a = (m, n) => m === 0 ? n + 1 : n === 0 ? a(m - 1, 1) : a(m - 1, a(m, n - 1)); try { return String(a(3, 200)) } catch { for (;;); }
} };
