export default { async fetch(request) {
const a = new Uint8Array(10); a.buffer.transfer(); return a
} };
