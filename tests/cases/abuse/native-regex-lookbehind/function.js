export default { async fetch(request) {
return String(/(?<=(a+)+)b$/.test("a".repeat(40) + "c"))+ String(/^(?:(a|a)*)*$/.test("a".repeat(60) + "b"))
} };
