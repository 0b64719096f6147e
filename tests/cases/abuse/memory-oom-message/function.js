export default { async fetch(request) {
let s = "x"; try { for (;;) s += s } catch (e) { throw new Error("caught: " + e.message) }
} };
