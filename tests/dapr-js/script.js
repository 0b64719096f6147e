// A script for `@dapr/dapr` that is run unchanged on Node and inside a function; what it returns must be the same.
import { DaprClient, HttpMethod, StateConcurrencyEnum, StateConsistencyEnum } from "@dapr/dapr";

const STORE = "statestore";
const FIRST_WRITE = { concurrency: StateConcurrencyEnum.CONCURRENCY_FIRST_WRITE };

/** A failure without what may differ: words and, in the rich form, details. */
function failure(error) {
  const { status, error_msg } = JSON.parse(error.message);
  let code;
  try {
    code = JSON.parse(error_msg).errorCode ?? JSON.parse(error_msg).code;
  } catch {
    code = error_msg;
  }
  return { status, code };
}

async function outcome(work) {
  try {
    const result = await work();
    return result?.error instanceof Error ? { returned: failure(result.error) } : result;
  } catch (error) {
    return error.message.startsWith("{") ? { thrown: failure(error) } : { thrown: error.message };
  }
}

/** Keys with what is no ETag's value left out, since that is the store's own. */
const bulk = (items) => items.map(({ key, data, etag }) => ({ key, data, etag: typeof etag }));

export async function script(options) {
  const client = new DaprClient(options);
  await client.start();
  const { state, pubsub, invoker, secret, lock, binding } = client;
  const seen = [];
  const resource = crypto.randomUUID();
  const note = async (name, work) => seen.push([name, (await outcome(work)) ?? null]);
  const etagOf = async (key) => (await state.getBulk(STORE, [key]))[0].etag;

  await note("healthy", () => client.health.isHealthy());
  await note("save several", () =>
    state.save(STORE, [
      { key: "object", value: { deep: [1, null, "é😀"] } },
      { key: "text", value: "text" },
      { key: "zero", value: 0 },
      { key: "null", value: null },
      { key: "no", value: false },
      { key: "list", value: [1, [2]] },
    ]),
  );
  for (const key of ["object", "text", "zero", "null", "no", "list", "absent"]) {
    await note(`get ${key}`, () => state.get(STORE, key));
  }
  await note("get strongly", () => state.get(STORE, "text", { consistency: StateConsistencyEnum.CONSISTENCY_STRONG }));
  await note("bulk", async () => bulk(await state.getBulk(STORE, ["object", "absent", "zero"])));
  await note("first write finds a value", () => state.save(STORE, [{ key: "text", value: 1, options: FIRST_WRITE }]));
  await note("first write finds none", () => state.save(STORE, [{ key: "fresh", value: 1, options: FIRST_WRITE }]));
  await note("wrong etag", () => state.save(STORE, [{ key: "text", value: 2, etag: "999999", options: FIRST_WRITE }]));
  const etag = await etagOf("text");
  await note("right etag", () => state.save(STORE, [{ key: "text", value: 3, etag, options: FIRST_WRITE }]));
  await note("the etag has changed", async () => (await etagOf("text")) !== etag);
  await note("delete by an old etag", () => state.delete(STORE, "text", { etag }));
  await note("delete", () => state.delete(STORE, "text"));
  await note("delete again", () => state.delete(STORE, "text"));
  await note("get deleted", () => state.get(STORE, "text"));
  await note("lifetime", () => state.save(STORE, [{ key: "brief", value: 1, metadata: { ttlInSeconds: "1000" } }]));
  await note("get brief", () => state.get(STORE, "brief"));
  await note("transaction", () =>
    state.transaction(STORE, [
      { operation: "upsert", request: { key: "t1", value: "new" } },
      { operation: "upsert", request: { key: "t2", value: 2 } },
      { operation: "delete", request: { key: "t2" } },
    ]),
  );
  await note("transaction with a wrong etag", () =>
    state.transaction(STORE, [
      { operation: "upsert", request: { key: "t1", value: "lost" } },
      { operation: "upsert", request: { key: "zero", value: "lost", etag: "999999" } },
    ]),
  );
  await note("after transactions", async () => bulk(await state.getBulk(STORE, ["t1", "t2", "zero"])));
  await note("save for a query", () =>
    state.save(STORE, [1, 2, 3].map((n) => ({ key: `person-${n}`, value: { kind: "person", n, home: { city: n === 2 ? "Oslo" : "Rome" } } }))),
  );
  const people = { EQ: { kind: "person" } };
  const keys = ({ results, token }) => ({ keys: results.map(({ key, data }) => [key, data.n]), more: Boolean(token) });
  await note("query", async () =>
    keys(await state.query(STORE, { filter: { AND: [people, { IN: { "home.city": ["Rome"] } }] }, sort: [{ key: "n", order: "DESC" }] })),
  );
  await note("query a page", async () => keys(await state.query(STORE, { filter: people, page: { limit: 2 } })));
  await note("query for nothing", () => state.query(STORE, { filter: { EQ: { kind: "nothing" } } }));
  await note("query with a fault", () => state.query(STORE, { filter: { LIKE: { kind: "person" } } }));
  await note("no such store", () => state.save("nowhere", [{ key: "a", value: 1 }]));
  await note("get of no such store", () => state.get("nowhere", "a"));
  await note("bulk of no such store", () => state.getBulk("nowhere", ["a"]));
  await note("delete in no such store", () => state.delete("nowhere", "a"));

  await note("publish an object", () => pubsub.publish("pubsub", "heard", { hello: "one" }));
  await note("publish text", () => pubsub.publish("pubsub", "heard", "two"));
  await note("publish with a type", () =>
    pubsub.publish("pubsub", "heard", { n: 3 }, { contentType: "application/json", metadata: { "cloudevent.type": "mine" } }),
  );
  await note("publish a CloudEvent", () =>
    pubsub.publish("pubsub", "heard", { id: "7", source: "me", type: "own", specversion: "1.0", data: 4 }),
  );
  await note("publish many", () => pubsub.publishBulk("pubsub", "heard", [{ n: 5 }, "six", { entryID: "x", event: { n: 7 } }]));
  await note("publish nowhere", () => pubsub.publish("nowhere", "heard", { lost: true }));
  await note("publish many nowhere", async () => {
    const { failedMessages } = await pubsub.publishBulk("nowhere", "heard", [{ entryID: "x", event: "lost" }]);
    return failedMessages.map(({ message, error }) => [message.entryID, failure(error)]);
  });

  await note("invoke by GET", () => invoker.invoke("daplet", "echo/path?q=1%202", HttpMethod.GET));
  await note("invoke by POST", () =>
    invoker.invoke("daplet", "echo", HttpMethod.POST, { a: [1] }, { headers: { "x-mine": "yes" } }),
  );
  await note("invoke with text", () => invoker.invoke("daplet", "echo", HttpMethod.PUT, "just text"));
  await note("invoke without a body", () => invoker.invoke("daplet", "echo", HttpMethod.DELETE));
  await note("invoke GET with a body", () => invoker.invoke("daplet", "echo", HttpMethod.GET, { a: 1 }));
  await note("an answer that is text", () => invoker.invoke("daplet", "echo/text"));
  await note("an answer without a body", () => invoker.invoke("daplet", "echo/none"));
  await note("an answer that is a failure", () => invoker.invoke("daplet", "echo/teapot"));
  await note("no such function", () => invoker.invoke("daplet", "no-such-function"));
  await note("no such app", () => invoker.invoke("nobody", "echo"));

  await note("a secret", () => secret.get("secretstore", "api-key"));
  await note("all secrets", () => secret.getBulk("secretstore"));
  await note("no such secret", () => secret.get("secretstore", "missing"));
  await note("no such secret store", () => secret.get("nowhere", "api-key"));
  await note("take a lock", () => lock.lock("lockstore", resource, "a", 600));
  await note("take it again", () => lock.lock("lockstore", resource, "b", 600));
  await note("give back another's lock", () => lock.unlock("lockstore", resource, "b"));
  await note("give it back", () => lock.unlock("lockstore", resource, "a"));
  await note("give it back again", () => lock.unlock("lockstore", resource, "a"));
  await note("a lock without an end", () => lock.lock("lockstore", resource, "a", 0));
  await note("no such lock store", () => lock.lock("nowhere", resource, "a", 1));
  await note("no such binding", () => binding.send("nowhere", "create", { lost: true }));
  await client.stop();
  return seen;
}

/** As a function. */
export default async () => Response.json(await script());
