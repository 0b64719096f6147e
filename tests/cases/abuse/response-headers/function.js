export default { async fetch(request) {
const h = new Headers(); for (let i = 0; i < 2000; i++) h.append("x-" + i, "y".repeat(1000)); return new Response("x", { headers: h })
} };
