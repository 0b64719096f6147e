export default { async fetch(request) {
const f = () => [2, 1].sort(f); f(); return "done"
} };
