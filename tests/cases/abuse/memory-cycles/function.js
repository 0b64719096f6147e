export default { async fetch(request) {
for (let i = 0; i < 300000; i++) { const a = {}; a.a = a } return "done"
} };
