export default { async fetch(request) {
for (let i = -1000; i < 1000; i++) clearTimeout(i); clearTimeout({}); clearInterval("x"); return "done"
} };
