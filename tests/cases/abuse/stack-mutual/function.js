export default { async fetch(request) {
const a = () => b(), b = () => a(); return a()
} };
