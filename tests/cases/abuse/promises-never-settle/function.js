export default { async fetch(request) {
await new Promise(() => {})
} };
