export default { async fetch(request) {
let n = 0; for (const d of [8.64e15 + 1, -8.64e15 - 1, NaN, Infinity]) { try { new Date(d).toISOString() } catch { n++ } } return String(n)
} };
