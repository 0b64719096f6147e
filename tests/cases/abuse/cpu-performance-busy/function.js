export default { async fetch(request) {
while (performance.now() < 60000); return "late"
} };
