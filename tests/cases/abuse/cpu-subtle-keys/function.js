export default { async fetch(request) {
const how = { name: "RSA-PSS", hash: "SHA-256", modulusLength: 8192, publicExponent: new Uint8Array([1, 0, 1]) };
for (;;) await crypto.subtle.generateKey(how, true, ["sign", "verify"]);
} };
