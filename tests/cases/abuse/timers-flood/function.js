export default { async fetch(request) {
for (let i = 0; i < 10_000; i++) setTimeout(() => {}, 1e6); await new Promise(() => {})
} };
