export default { async fetch(request) {
return "x".repeat(2 ** 29).length + "y".repeat(2 ** 29)
} };
