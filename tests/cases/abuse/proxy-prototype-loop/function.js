export default { async fetch(request) {
const p = new Proxy({}, { getPrototypeOf: () => p }); return String(p instanceof Array)
} };
