export default { async fetch(request) {
return { then() { for (;;); } }
} };
