export default { async fetch(request) {
return String((1n << 4000000n).toString().length)
} };
