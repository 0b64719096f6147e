export default { async fetch(request) {
for (let i = 0; i < 100000; i++) console.group("g"); console.log("x"); return "done"
} };
