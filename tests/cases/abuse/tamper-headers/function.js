export default { async fetch(request) {
Headers.prototype.append = () => { throw 1 }; Headers.prototype.get = () => "fake"; return new Response("done", { headers: { "x-a": "b" } })
} };
