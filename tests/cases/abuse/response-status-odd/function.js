export default { async fetch(request) {
let n = 0; for (const s of [0, 99, 100, 199, 600, 1e9, -1, NaN, "x"]) { try { new Response("x", { status: s }) } catch { n++ } } return String(n)
} };
