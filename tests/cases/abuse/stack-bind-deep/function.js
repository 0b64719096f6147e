export default { async fetch(request) {
let f = () => 1; for (let i = 0; i < 100000; i++) f = f.bind(null); return String(f())
} };
