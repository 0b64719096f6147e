const { subtle } = crypto;
const utf8 = (text) => new TextEncoder().encode(text);
const data = utf8("The quick brown fox jumps over the lazy dog");
// While the module is loaded, everything runs in the guest.
const hmacKey = await subtle.importKey("raw", utf8("key"), { name: "HMAC", hash: "SHA-256" }, true, ["sign", "verify"]);
const exponent = new Uint8Array([1, 0, 1]);

const signers = [
  { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 1024, publicExponent: exponent },
  { name: "RSA-PSS", hash: "SHA-512", saltLength: 32, modulusLength: 1024, publicExponent: exponent },
  { name: "ECDSA", namedCurve: "P-384", hash: "SHA-256" },
  { name: "ECDSA", namedCurve: "P-521", hash: "SHA-512" },
];
const sign = async (how) => {
  const { privateKey, publicKey } = await subtle.generateKey(how, true, ["sign", "verify"]);
  const copy = await subtle.importKey("jwk", await subtle.exportKey("jwk", publicKey), how, true, ["verify"]);
  const signature = await subtle.sign(how, privateKey, data);
  return [await subtle.verify(how, copy, signature, data), await subtle.verify(how, copy, signature, data.subarray(1))];
};

const open = async () => {
  const iv = crypto.getRandomValues(new Uint8Array(16));
  const texts = [];
  for (const how of [{ name: "AES-GCM", iv, additionalData: data }, { name: "AES-CBC", iv }, { name: "AES-CTR", counter: iv, length: 64 }]) {
    const key = await subtle.generateKey({ name: how.name, length: 256 }, false, ["encrypt", "decrypt"]);
    const sealed = await subtle.encrypt(how, key, utf8("secret"));
    texts.push(new TextDecoder().decode(await subtle.decrypt(how, key, sealed)));
  }
  return texts;
};

const agree = async () => {
  const how = { name: "ECDH", namedCurve: "P-256" };
  const [a, b] = [await subtle.generateKey(how, false, ["deriveBits"]), await subtle.generateKey(how, false, ["deriveBits"])];
  const one = await subtle.deriveBits({ ...how, public: b.publicKey }, a.privateKey, 256);
  const other = await subtle.deriveBits({ ...how, public: a.publicKey }, b.privateKey, 256);
  return `${new Uint8Array(one)}` === `${new Uint8Array(other)}`;
};

const derive = async () => {
  const password = await subtle.importKey("raw", data, "PBKDF2", false, ["deriveKey"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt: data, iterations: 5000 };
  const key = await subtle.deriveKey(how, password, { name: "AES-KW", length: 256 }, true, ["wrapKey", "unwrapKey"]);
  const wrapped = await subtle.wrapKey("raw", hmacKey, key, "AES-KW").catch((error) => error.name);
  const { byteLength } = await subtle.exportKey("raw", key);
  // The key has three bytes, and AES-KW wraps multiples of eight.
  return { derived: byteLength, wrapped: wrapped === "OperationError" };
};

const refusals = async () => {
  const verifyOnly = await subtle.importKey("raw", data, { name: "HMAC", hash: "SHA-1" }, false, ["verify"]);
  const attempts = [
    () => subtle.sign("HMAC", verifyOnly, data),
    () => subtle.digest("MD5", data),
    () => subtle.importKey("raw", data, { name: "ECDH", namedCurve: "P-256" }, true, []),
    () => subtle.generateKey({ name: "AES-GCM", length: 100 }, true, ["encrypt"]),
    () => subtle.generateKey({ name: "AES-GCM", length: 128 }, true, []),
    () => subtle.encrypt({ name: "AES-GCM" }, verifyOnly),
  ];
  return Promise.all(attempts.map((attempt) => attempt().then(() => "no error", (error) => error.name)));
};

export default {
  async fetch() {
    const code = new Uint8Array(await subtle.sign("HMAC", hmacKey, data));
    const results = [];
    for (const how of signers) results.push(await sign(how));
    return {
      hmac: btoa(String.fromCharCode(...code)),
      signed: results.map(([good]) => good),
      tampered: results.map(([, bad]) => bad),
      opened: await open(),
      agreed: await agree(),
      ...(await derive()),
      refused: await refusals(),
    };
  },
};
