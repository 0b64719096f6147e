export default { async fetch(request) {
return String(new Uint8Array(2 ** 31 - 1).length)
} };
