export default { async fetch(request) {
return String(new RegExp("(".repeat(50000) + ")".repeat(50000)).test("x"))
} };
