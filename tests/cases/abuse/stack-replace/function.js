export default { async fetch(request) {
const f = () => "a".replace(/a/, f); return f()
} };
