import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { binding, NotFoundError, PermissionDeniedError } from "@daplet/sdk";
import { type FakeDaplet, fakeDaplet } from "@daplet/sdk/testing";

describe("binding", () => {
  let daplet: FakeDaplet;
  const seen: unknown[] = [];
  beforeEach(() => {
    seen.length = 0;
    const mail = (operation: string, data: Uint8Array, metadata: Record<string, string>) => {
      if (operation === "explode") throw new Error("no such operation");
      seen.push([operation, new TextDecoder().decode(data), metadata]);
      return operation === "get" ? { data: '{"a":1}', metadata: { statusCode: "200" } } : {};
    };
    daplet = fakeDaplet({ bindings: { mail } });
  });
  afterEach(() => {
    daplet.uninstall();
  });

  test("data goes as JSON, bytes as they are, and the answer comes back", async () => {
    await binding("mail").invoke("create", { to: "me" }, { subject: "hi" });
    await binding("mail").invoke("create", "text");
    await binding("mail").invoke("create", new Uint8Array([104, 105]));
    const answer = await binding("mail").invoke("get");
    assert.deepEqual(seen, [
      ["create", '{"to":"me"}', { subject: "hi" }],
      ["create", '"text"', {}],
      ["create", "hi", {}],
      ["get", "", {}],
    ]);
    assert.deepEqual([answer.json(), answer.text(), answer.metadata], [{ a: 1 }, '{"a":1}', { statusCode: "200" }]);
    assert.equal((await binding("mail").invoke("create", null)).json(), null);
  });

  test("failures and missing bindings are told", async () => {
    await assert.rejects(binding("mail").invoke("explode"), {
      code: "ERR_INVOKE_OUTPUT_BINDING",
      message: "error invoking output binding mail: no such operation",
    });
    await assert.rejects(binding("nowhere").invoke("get"), NotFoundError);
    await assert.rejects(binding("mail").invoke("get", null, { n: 1 } as never), /metadata\.n must be a string/);
    assert.throws(() => binding(""), /name must not be empty/);
  });

  test("where bindings are granted, others are refused", async () => {
    const send = { GET: async () => ({ bytes: (await binding("mail").invoke("create", 1)).bytes.length }) };
    daplet.mount("free", send).mount("bare", send, { grants: { bindings: ["other"] } });
    assert.deepEqual(await (await daplet.fetch("/free/")).json(), { bytes: 0 });
    await assert.rejects(daplet.fetch("/bare/"), PermissionDeniedError);
  });
});
