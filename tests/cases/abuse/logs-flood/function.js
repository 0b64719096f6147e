export default { async fetch(request) {
for (let i = 0; i < 20000; i++) console.log("x".repeat(100)); return "done"
} };
