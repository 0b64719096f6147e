export default { async fetch(request) {
const s = "ab".repeat(500000); const a = []; for (const m of s.matchAll(/(a)(b)/g)) a.push(m); return String(a.length)
} };
