export default { async fetch(request) {
const r = new Response("x"); await r.text(); return r
} };
