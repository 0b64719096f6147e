export default { async fetch(request) {
return String(/^(a|aa|aaa)+$/.test("a".repeat(200) + "b"))
} };
