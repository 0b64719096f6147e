export default { async fetch(request) {
Reflect.apply = null; Function.prototype.call = null; Function.prototype.apply = null; Function.prototype.bind = null; return new Response("done", { status: 201 })
} };
