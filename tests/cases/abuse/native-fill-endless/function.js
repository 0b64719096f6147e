export default { async fetch(request) {
const a = new Uint8Array(1 << 20); let n = 0; while (true) a.fill(n++)
} };
