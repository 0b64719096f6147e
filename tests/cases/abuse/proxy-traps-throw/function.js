export default { async fetch(request) {
return new Proxy({}, new Proxy({}, { get() { throw new Error("trap") } }))
} };
