export default { async fetch(request) {
let a = {}; for (let i = 0; i < 50000; i++) a = { a }; structuredClone(a); return "done"
} };
