export default { async fetch(request) {
async function* f() { for (;;) yield 1 } for await (const x of f());
} };
