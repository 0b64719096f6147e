export default { async fetch(request) {
const r = new Response("done"); r.then = () => {}; return r
} };
