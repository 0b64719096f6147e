export default { async fetch(request) {
const t = "[" + "[],".repeat(2000000) + "1]"; return String(JSON.parse(t).length)
} };
