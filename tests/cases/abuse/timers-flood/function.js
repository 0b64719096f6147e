export default { async fetch(request) {
for (let i = 0; i < 1e6; i++) setTimeout(() => {}, 1e6); await new Promise(() => {})
} };
