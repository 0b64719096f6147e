export default { async fetch(request) {
const p = new Proxy({}, { get(t, k, r) { return r[k] } }); return p.x
} };
