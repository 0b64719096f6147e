export default { async fetch(request) {
function* f(n) { if (n > 0) yield* f(n - 1); else yield 1 } return String([...f(20000)].length)
} };
