export default { async fetch(request) {
await Promise.race([new Promise(() => {}), new Promise(() => {})])
} };
