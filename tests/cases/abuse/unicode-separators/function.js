export default { async fetch(request) {
return "a b c"
} };
