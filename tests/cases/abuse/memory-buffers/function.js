export default { async fetch(request) {
const a = []; for (;;) a.push(new ArrayBuffer(1 << 20))
} };
