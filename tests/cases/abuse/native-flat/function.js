export default { async fetch(request) {
const a = [1]; a.push(a); return String(a.flat(Infinity).length)
} };
