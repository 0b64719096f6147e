export default { async fetch(request) {
const a = []; for (;;) { const g = (function* () { yield new Array(100) })(); g.next(); a.push(g) }
} };
