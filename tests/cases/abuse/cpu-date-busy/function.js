export default { async fetch(request) {
const end = Date.now() + 60000; while (Date.now() < end); return "late"
} };
