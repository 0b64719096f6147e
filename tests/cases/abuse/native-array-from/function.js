export default { async fetch(request) {
return String(Array.from({ length: 2 ** 32 - 1 }).length)
} };
