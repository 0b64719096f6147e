export default { async fetch(request) {
let g; function* f() { g.next() } g = f(); g.next(); return "done"
} };
