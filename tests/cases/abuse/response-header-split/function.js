export default { async fetch(request) {
return new Response("x", { headers: { "x-a": "b\r\nset-cookie: c=d" } })
} };
