export default { async fetch(request) {
const a = (1n << 2000000n) - 1n, b = (1n << 1000000n) - 3n; let n = 0n; for (;;) n += a / b
} };
