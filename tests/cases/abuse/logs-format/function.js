export default { async fetch(request) {
console.log("%s%d%i%f%j%o%O%c%%".repeat(2000), 1); return "done"
} };
