export default { async fetch(request) {
throw null
} };
