export default { async fetch(request) {
await new Promise((r) => setTimeout(r, 60000)); return "late"
} };
