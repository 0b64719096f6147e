export default { async fetch(request) {
const a = []; for (;;) { const x = new Array(10); a.push(() => x) }
} };
