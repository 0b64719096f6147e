export default { async fetch(request) {
const r = new Response("x"); await Promise.all([r.text(), r.text()]); return "done"
} };
