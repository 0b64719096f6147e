// A webhook that is signed with a shared secret (HMAC), and a page for those with a token (JWT, RS256). Everyone else gets 401.
const text = new TextEncoder();
const refused = (reason) => Response.json({ error: reason }, { status: 401 });

const fromHex = (hex) => Uint8Array.from(hex.match(/[0-9a-f]{2}/gi) ?? [], (pair) => Number.parseInt(pair, 16));
const fromBase64url = (part) =>
  Uint8Array.from(atob(part.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));

/** Whether the header `x-signature: sha256=…` is the HMAC of the body. */
async function signed(body, header, secret) {
  const key = await crypto.subtle.importKey("raw", text.encode(secret), { name: "HMAC", hash: "SHA-256" }, false, [
    "verify",
  ]);
  return crypto.subtle.verify("HMAC", key, fromHex((header ?? "").replace(/^sha256=/, "")), body);
}

/** The claims of a token that was signed with the key and is still valid; `null` for any other. */
async function claims(token, publicKey) {
  const [header, payload, signature] = token.split(".");
  try {
    // The key says how it is used, never the token: whoever wrote the token may have chosen "none".
    const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
    const der = fromBase64url(publicKey.replace(/-----[A-Z ]+-----|\s/g, ""));
    const key = await crypto.subtle.importKey("spki", der, algorithm, false, ["verify"]);
    const data = text.encode(`${header}.${payload}`);
    if (!(await crypto.subtle.verify(algorithm, key, fromBase64url(signature), data))) return null;
    const claims = JSON.parse(new TextDecoder().decode(fromBase64url(payload)));
    return claims.exp > Date.now() / 1000 ? claims : null;
  } catch {
    return null;
  }
}

export default {
  async fetch(request, env) {
    if (request.method === "POST") {
      const body = await request.bytes();
      if (!(await signed(body, request.headers.get("x-signature"), env.SECRET))) return refused("wrong signature");
      return { received: JSON.parse(new TextDecoder().decode(body)) };
    }
    const token = /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
    const who = await claims(token, env.PUBLIC_KEY);
    return who === null ? refused("no valid token") : { hello: who.sub };
  },
};
