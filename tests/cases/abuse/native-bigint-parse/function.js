export default { async fetch(request) {
return String(BigInt("9".repeat(1000000)) % 7n)
} };
