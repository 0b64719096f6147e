export default { async fetch(request) {
async function f() { await null; return f() } return f()
} };
