export default { async fetch(request) {
return { toJSON() { for (;;); } }
} };
