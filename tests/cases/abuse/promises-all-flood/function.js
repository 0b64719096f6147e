export default { async fetch(request) {
await Promise.all(Array.from({ length: 100000 }, async (_, i) => i)); return "done"
} };
