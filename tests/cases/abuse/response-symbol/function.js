export default { async fetch(request) {
return Symbol("x")
} };
