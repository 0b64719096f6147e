// The official Dapr client for JavaScript, over HTTP, against the embedded default: DAPR_PORT is its port. The function
// `echo` is deployed by whoever starts this.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CommunicationProtocolEnum, DaprClient, HttpMethod, LogLevel, StateConcurrencyEnum } from "@dapr/dapr";

const STORE = "statestore";
const client = new DaprClient({
  daprHost: "127.0.0.1",
  daprPort: process.env.DAPR_PORT,
  communicationProtocol: CommunicationProtocolEnum.HTTP,
  logger: { level: LogLevel.Error },
});

before(() => client.start());
after(() => client.stop());

test("is healthy and describes itself", async () => {
  assert.equal(await client.health.isHealthy(), true);
  const metadata = await client.metadata.get();
  assert.equal(metadata.id, "daplet");
  const names = metadata.components.map((component) => component.name).sort();
  assert.deepEqual(names, ["configstore", "cryptostore", "lockstore", "pubsub", "secretstore", "statestore"]);
  assert.equal(await client.metadata.set("color", "green"), true);
  assert.equal((await client.metadata.get()).extended.color, "green");
});

test("saves, gets and deletes state", async () => {
  assert.deepEqual(await client.state.save(STORE, [
    { key: "a", value: { deep: [1, null, "é"] } },
    { key: "b", value: "text" },
    { key: "c", value: 0 },
  ]), {});
  assert.deepEqual(await client.state.get(STORE, "a"), { deep: [1, null, "é"] });
  assert.equal(await client.state.get(STORE, "b"), "text");
  assert.equal(await client.state.get(STORE, "c"), 0);
  assert.equal(await client.state.get(STORE, "missing"), "");
  const bulk = await client.state.getBulk(STORE, ["a", "missing", "c"]);
  assert.deepEqual(bulk.map(({ key, data }) => [key, data]), [["a", { deep: [1, null, "é"] }], ["missing", undefined], ["c", 0]]);
  assert.match(bulk[0].etag, /./);
  assert.deepEqual(await client.state.delete(STORE, "a"), {});
  assert.equal(await client.state.get(STORE, "a"), "");
});

test("guards state by ETags and first-write", async () => {
  await client.state.save(STORE, [{ key: "guarded", value: 1 }]);
  const [{ etag }] = await client.state.getBulk(STORE, ["guarded"]);
  const options = { concurrency: StateConcurrencyEnum.CONCURRENCY_FIRST_WRITE };
  const wrong = await client.state.save(STORE, [{ key: "guarded", value: 2, etag: "no such", options }]);
  assert.match(wrong.error.message, /409/);
  assert.deepEqual(await client.state.save(STORE, [{ key: "guarded", value: 3, etag, options }]), {});
  assert.match((await client.state.delete(STORE, "guarded", { etag })).error.message, /409/);
  assert.equal(await client.state.get(STORE, "guarded"), 3);
});

test("runs transactions whole or not at all", async () => {
  await client.state.save(STORE, [{ key: "t1", value: "old" }]);
  await client.state.transaction(STORE, [
    { operation: "upsert", request: { key: "t1", value: "new" } },
    { operation: "upsert", request: { key: "t2", value: 2 } },
    { operation: "delete", request: { key: "t2" } },
    { operation: "upsert", request: { key: "t3", value: 3 } },
  ]);
  const values = async () => (await client.state.getBulk(STORE, ["t1", "t2", "t3"])).map(({ data }) => data);
  assert.deepEqual(await values(), ["new", undefined, 3]);
  await assert.rejects(client.state.transaction(STORE, [
    { operation: "upsert", request: { key: "t1", value: "lost" } },
    { operation: "upsert", request: { key: "t3", value: "lost", etag: { value: "no such" } } },
  ]), /500/);
  assert.deepEqual(await values(), ["new", undefined, 3]);
});

test("names a store that is not there", async () => {
  const { error } = await client.state.save("nowhere", [{ key: "a", value: 1 }]);
  const { status, error_msg } = JSON.parse(error.message);
  assert.equal(status, 400);
  assert.equal(JSON.parse(error_msg).errorCode, "ERR_STATE_STORE_NOT_FOUND");
});

test("publishes, and a function receives", async () => {
  assert.deepEqual(await client.pubsub.publish("pubsub", "greetings", { hello: "one" }), {});
  const bulk = await client.pubsub.publishBulk("pubsub", "greetings", [{ hello: "two" }, "three"]);
  assert.deepEqual(bulk, { failedMessages: [] });
  const { error } = await client.pubsub.publish("nowhere", "greetings", { lost: true });
  assert.match(error.message, /ERR_PUBSUB_NOT_FOUND/);
  for (let i = 0; i < 100; i++) {
    const { received } = await client.invoker.invoke("daplet", "echo/received", HttpMethod.GET);
    if (received.length === 3) {
      assert.deepEqual(received.map((data) => JSON.stringify(data)).sort(), ['"three"', '{"hello":"one"}', '{"hello":"two"}']);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail("the messages did not arrive");
});

test("invokes a function", async () => {
  const got = await client.invoker.invoke("daplet", "echo/path?q=1", HttpMethod.GET);
  assert.deepEqual([got.method, got.path], ["GET", "/path?q=1"]);
  const posted = await client.invoker.invoke("daplet", "echo", HttpMethod.POST, { a: 1 }, { headers: { "x-mine": "yes" } });
  assert.deepEqual([posted.method, posted.body, posted.mine], ["POST", { a: 1 }, "yes"]);
  await assert.rejects(client.invoker.invoke("nobody", "echo", HttpMethod.GET), /ERR_DIRECT_INVOKE/);
});
