export default { async fetch(request) {
return String(JSON.parse("[".repeat(200000)))
} };
