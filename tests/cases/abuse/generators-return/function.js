export default { async fetch(request) {
function* f() { for (;;) { try { yield 1 } finally { continue } } } const g = f(); g.next(); g.return(); return "done"
} };
