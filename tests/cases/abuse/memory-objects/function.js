export default { async fetch(request) {
const a = []; for (;;) a.push({ a: 1, b: [2], c: { d: 3 } })
} };
