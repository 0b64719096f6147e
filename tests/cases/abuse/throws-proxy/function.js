export default { async fetch(request) {
throw new Proxy(new Error("x"), { get() { throw new Proxy({}, { get() { throw 1 } }) } })
} };
