export default { async fetch(request) {
for (const k of ["push", "map", "filter", "slice", "join", "indexOf"]) Array.prototype[k] = () => { throw new Error("no") }; return new Response("done", { headers: { "x-a": "b" } })
} };
