export default { async fetch(request) {
await new Promise(() => { const f = () => setTimeout(f, 0); f() })
} };
