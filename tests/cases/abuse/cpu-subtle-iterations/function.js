export default { async fetch(request) {
const key = await crypto.subtle.importKey("raw", new Uint8Array(8), "PBKDF2", false, ["deriveBits"]);
const how = { name: "PBKDF2", hash: "SHA-512", salt: new Uint8Array(8), iterations: 4_294_967_295 };
await Promise.all(Array.from({ length: 8 }, () => crypto.subtle.deriveBits(how, key, 4096)));
} };
