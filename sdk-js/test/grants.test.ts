import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { configuration, invoke, NotFoundError, PermissionDeniedError, pubsub, secrets, state } from "@daplet/sdk";
import { type FakeConfiguration, type FakeDaplet, fakeDaplet, type Grants } from "@daplet/sdk/testing";

const items: FakeConfiguration = { configstore: { colour: "green", size: "9" } };

describe("secrets, configuration and grants", () => {
  let daplet: FakeDaplet;
  beforeEach(() => {
    daplet = fakeDaplet({ secrets: { secretstore: { "api-key": "k", "db:password": "p" } }, configuration: items });
  });
  afterEach(() => {
    daplet.uninstall();
  });

  /** What `work` comes to inside a function with those grants. */
  async function inside(grants: Grants, work: () => unknown): Promise<unknown> {
    const refusal = (error: Error) => `${error.name}: ${error.message}`;
    daplet.mount("f", { default: async () => ({ seen: await Promise.resolve(work()).catch(refusal) }) }, { grants });
    const { seen } = (await (await daplet.fetch("/f")).json()) as { seen: unknown };
    return seen;
  }

  test("the test itself may read everything; a missing secret is null", async () => {
    assert.equal(await secrets().get("api-key"), "k");
    assert.equal(await secrets().get("missing"), null);
    assert.deepEqual(await secrets().getValues("api-key"), { "api-key": "k" });
    await assert.rejects(secrets("vault").get("api-key"), NotFoundError);
    await assert.rejects(secrets().get(""), new TypeError("secrets.get: key must not be empty"));
  });

  test("a function reads the secrets that it is granted", async () => {
    const grants = { secrets: ["secretstore/db:*"] };
    assert.equal(await inside(grants, () => secrets().get("db:password")), "p");
    assert.deepEqual(await inside(grants, () => secrets().getBulk()), { "db:password": { "db:password": "p" } });
    const refused =
      'PermissionDeniedError: f holds no grant for "secretstore/api-key"; add it to `grants.secrets` in the upload';
    assert.equal(await inside(grants, () => secrets().get("api-key")), refused);
    assert.equal(await inside({}, () => secrets().get("api-key")), refused);
    assert.match(String(await inside({}, () => secrets().getBulk())), /secretstore\/\*/);
  });

  test("configuration gives the items that there are, unless a list leaves them out", async () => {
    const found = await configuration().get("colour", "missing");
    assert.deepEqual(found, { colour: { value: "green", version: "1", metadata: {} } });
    assert.deepEqual(Object.keys(await configuration().get()), ["colour", "size"]);
    await assert.rejects(configuration("consul").get("colour"), NotFoundError);
    const grants = { configuration: ["configstore/size"] };
    assert.deepEqual(await inside(grants, async () => Object.keys(await configuration().get())), ["size"]);
    assert.match(String(await inside(grants, () => configuration().get("colour"))), /configstore\/colour/);
  });

  test("lists that are there are exact", async () => {
    const grants = { stores: [], topics: ["pubsub/a"], apps: ["shop"] };
    assert.match(String(await inside(grants, () => state().get("k"))), /grants\.stores/);
    assert.match(String(await inside(grants, () => invoke("daplet").fetch("/f"))), /grants\.apps/);
    assert.match(String(await inside(grants, () => pubsub().publish("b", 1))), /"pubsub\/b".*grants\.topics/);
    assert.equal(
      await inside(grants, () =>
        pubsub()
          .publish("a", 1)
          .then(() => "ok"),
      ),
      "ok",
    );
    const unit = () =>
      state().transaction((tx) => {
        tx.put("k", 1);
        tx.publish("b", 1);
      });
    assert.match(String(await inside({ topics: ["pubsub/a"] }, unit)), /grants\.topics/);
    assert.equal(daplet.stored().size, 0);
  });

  test("refusals have their class", async () => {
    const name = await inside({}, () =>
      secrets()
        .get("api-key")
        .catch((e: unknown) => e instanceof PermissionDeniedError),
    );
    assert.equal(name, true);
  });
});
