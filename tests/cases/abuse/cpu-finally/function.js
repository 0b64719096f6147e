export default { async fetch(request) {
for (;;) { try { throw 1 } catch { continue } finally { Math.sqrt(2) } }
} };
