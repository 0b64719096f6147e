export default { async fetch(request) {
return new Response("x", { headers: { "x-a": "\u4e2d" } })
} };
