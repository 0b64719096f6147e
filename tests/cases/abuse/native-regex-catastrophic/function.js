export default { async fetch(request) {
return String(/^(a|a)*b$/.test("a".repeat(60)) || /(x+x+)+y/.test("x".repeat(50)))
} };
