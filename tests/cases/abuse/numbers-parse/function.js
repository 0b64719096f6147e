export default { async fetch(request) {
return String(Number("1" + "0".repeat(1000000)))
} };
