export default { async fetch(request) {
const a = new Uint8Array(4 << 20); for (;;) a.copyWithin(1, 0)
} };
