export default { async fetch(request) {
for (;;) { try { throw new Error("again") } catch {} }
} };
