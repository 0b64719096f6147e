export default { async fetch(request) {
return new Response("x".repeat(20_000_000))
} };
