export default { async fetch(request) {
console.log("\u0000\u001b[2J\r\nfake line\ud800"); return "done"
} };
