export default { async fetch(request) {
const r = new Response("x".repeat(1 << 20)); const a = []; for (;;) a.push(new Uint8Array(await r.clone().arrayBuffer()))
} };
