export default { async fetch(request) {
const f = () => queueMicrotask(f); f(); await new Promise(() => {})
} };
