export default { async fetch(request) {
Array.prototype[Symbol.iterator] = () => { throw new Error("no") }; return new Response("done")
} };
