import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";
import { fakeDaplet } from "@daplet/sdk/testing";
import * as webhook from "./webhook.js";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const env = { SECRET: "a secret", PUBLIC_KEY: publicKey.export({ type: "spki", format: "pem" }) };
const daplet = fakeDaplet().mount("webhook", webhook, { env });

const post = (signature) =>
  daplet.fetch("/webhook", { method: "POST", body: '{"n":1}', headers: { "x-signature": signature } });

test("only a body with its signature is received", async () => {
  const signature = createHmac("sha256", env.SECRET).update('{"n":1}').digest("hex");
  assert.deepEqual(await (await post(`sha256=${signature}`)).json(), { received: { n: 1 } });
  for (const wrong of ["", "sha256=", `sha256=${"0".repeat(64)}`, signature.slice(2)]) {
    assert.equal((await post(wrong)).status, 401, wrong);
  }
});

const token = (header, payload) => {
  const data = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${data}.${sign("sha256", Buffer.from(data), privateKey).toString("base64url")}`;
};
const get = (authorization) => daplet.fetch("/webhook", { headers: { authorization } });

test("only a token that is signed and valid is let in", async () => {
  const soon = Math.floor(Date.now() / 1000) + 60;
  const good = token({ alg: "RS256" }, { sub: "ada", exp: soon });
  assert.deepEqual(await (await get(`Bearer ${good}`)).json(), { hello: "ada" });
  const unsigned = `${token({ alg: "none" }, { sub: "ada", exp: soon }).split(".").slice(0, 2).join(".")}.`;
  for (const wrong of ["", "Bearer x", `Bearer ${unsigned}`, `Bearer ${token({}, { sub: "ada", exp: 1 })}`]) {
    assert.equal((await get(wrong)).status, 401, wrong);
  }
});
