export default { async fetch(request) {
function* g() { while (true) yield 1 } return [...g()].length
} };
