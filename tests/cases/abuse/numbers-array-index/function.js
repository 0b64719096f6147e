export default { async fetch(request) {
const a = []; a[2 ** 32 - 2] = 1; a[2 ** 32 - 1] = 2; a[2 ** 53] = 3; return String(a.length)
} };
