export default { async fetch(request) {
await new Promise((resolve) => setTimeout(resolve, -1e9)); return "done"
} };
