export default { async fetch(request) {
console.log("\ud800"); return new Response("a\ud800b\udc00c")
} };
