import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { cryptography, NotFoundError, PermissionDeniedError } from "@daplet/sdk";
import { type FakeDaplet, fakeDaplet } from "@daplet/sdk/testing";

const options = { keyName: "mine", algorithm: "RSA" } as const;
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe("cryptography", () => {
  let daplet: FakeDaplet;
  beforeEach(() => {
    daplet = fakeDaplet();
  });
  afterEach(() => {
    daplet.uninstall();
  });

  test("what was encrypted comes back", async () => {
    const sealed = await cryptography().encrypt("secret é", options);
    assert.doesNotMatch(text(sealed), /secret/);
    assert.equal(text(await cryptography().decrypt(sealed)), "secret é");
    const bytes = new Uint8Array([0, 255, 10]);
    assert.deepEqual(await cryptography().decrypt((await cryptography().encrypt(bytes, options)).buffer), bytes);
  });

  test("a document that was changed, or names no key, is refused", async () => {
    const sealed = await cryptography().encrypt("secret", options);
    const changed = sealed.with(-1, (sealed.at(-1) ?? 0) ^ 1);
    await assert.rejects(cryptography().decrypt(changed), { code: "ERR_CRYPTO" });
    await assert.rejects(cryptography().decrypt(sealed, { keyName: "other" }), { code: "ERR_CRYPTO" });
    const nameless = await cryptography().encrypt("secret", { ...options, omitKeyName: true });
    await assert.rejects(cryptography().decrypt(nameless), { code: "ERR_CRYPTO" });
    assert.equal(text(await cryptography().decrypt(nameless, { keyName: "mine" })), "secret");
  });

  test("a function needs a grant for each key", async () => {
    const seal = { GET: async () => ({ length: (await cryptography().encrypt("x", options)).length > 0 }) };
    daplet.mount("granted", seal, { grants: { keys: ["mine"] } }).mount("bare", seal);
    assert.deepEqual(await (await daplet.fetch("/granted/")).json(), { length: true });
    await assert.rejects(daplet.fetch("/bare/"), PermissionDeniedError);
  });

  test("components have keys of their own, and grants may name them", async () => {
    daplet.uninstall();
    daplet = fakeDaplet({ cryptography: ["vault", "chest"] });
    const sealed = await cryptography("vault").encrypt("x", options);
    assert.equal(text(await cryptography("vault").decrypt(sealed)), "x");
    await assert.rejects(cryptography("chest").decrypt(sealed), { code: "ERR_CRYPTO" });
    await assert.rejects(cryptography().encrypt("x", options), /there are "chest", "vault"$/);
    const seal = (component: string) => async () => (await cryptography(component).encrypt("x", options)).length > 0;
    daplet.mount("one", { GET: seal("vault"), POST: seal("chest") }, { grants: { keys: ["vault/mine"] } });
    assert.equal((await daplet.fetch("/one/")).status, 200);
    await assert.rejects(daplet.fetch("/one/", { method: "POST" }), PermissionDeniedError);
  });

  test("wrong arguments are named", async () => {
    await assert.rejects(cryptography().encrypt({} as never, options), /cryptography\.encrypt: data must be text/);
    await assert.rejects(cryptography().encrypt("x", { keyName: "a" } as never), /options\.algorithm must be a string/);
    await assert.rejects(cryptography().decrypt("x" as never), /cryptography\.decrypt: data must be an ArrayBuffer/);
    await assert.rejects(cryptography("nowhere").encrypt("x", options), NotFoundError);
  });
});
