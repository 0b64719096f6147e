export default { async fetch(request) {
return String(/(?:a{0,50000}){0,50000}b/.test("a".repeat(50000)))
} };
