export default { async fetch(request) {
let s = "x".repeat(1000); const all = []; for (;;) { s += s.slice(0, 1000); all.push(s + "y") }
} };
