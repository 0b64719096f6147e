export default { async fetch(request) {
for (const o of [globalThis, Object.prototype, Array.prototype, Function.prototype, Promise.prototype, Response.prototype]) Object.freeze(o); return new Response("done")
} };
