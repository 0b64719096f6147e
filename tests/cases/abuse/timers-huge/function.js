export default { async fetch(request) {
await new Promise((resolve) => setTimeout(resolve, 2 ** 31 - 1)); return "done"
} };
