export default { async fetch(request) {
return "x".padEnd(2 ** 30 - 1, "ab").length + ""
} };
