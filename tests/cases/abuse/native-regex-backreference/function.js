export default { async fetch(request) {
return String(/^(.*)(.*)(.*)(.*)(.*)\1\2\3x$/.test("ab".repeat(200)))
} };
