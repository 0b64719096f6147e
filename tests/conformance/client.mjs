// Runs the steps on standard input with Dapr's client for Node, by the protocol told; prints an outcome for each.
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

// Installed beside the other tests of this client.
const require = createRequire(new URL("../dapr-js/package.json", import.meta.url));
const { ActorId, CommunicationProtocolEnum, DaprClient, StateConcurrencyEnum } = require("@dapr/dapr");
// What its base class of actors calls for reminders and timers.
const { default: ActorClient } = require("@dapr/dapr/actors/client/ActorClient/ActorClient");

const { http, grpc, operator, protocol, steps } = JSON.parse(await text(process.stdin));
const silent = { error() {}, warn() {}, info() {}, verbose() {}, debug() {} };
const client = new DaprClient({
  daprHost: "127.0.0.1",
  daprPort: new URL(protocol === "grpc" ? grpc : http).port,
  communicationProtocol: protocol === "grpc" ? CommunicationProtocolEnum.GRPC : CommunicationProtocolEnum.HTTP,
  logger: { service: silent },
});

const { daprHost, daprPort, communicationProtocol } = client.options;
const { actor: actors } = new ActorClient(daprHost, daprPort, communicationProtocol, client.options);

const GRPC = { 3: "invalid", 5: "missing", 10: "conflict" };
const HTTP = { 400: "invalid", 404: "missing", 409: "conflict" };

function failure(error) {
  // Over gRPC `publish` gives an object that holds the error.
  const inner = error?.error ?? error;
  if (typeof inner?.code === "number") return { error: GRPC[inner.code] ?? "failed", told: inner.message };
  let status;
  try {
    ({ status } = JSON.parse(inner.message));
  } catch {
    // What is not JSON has no status.
  }
  return { error: HTTP[status] ?? "failed", told: String(inner?.message ?? inner) };
}

const etags = {};
const etag = ({ etag }) => (etag === undefined ? {} : { etag: etags[etag.slice(1)] ?? etag });
const item = (given) => ({
  key: given.key,
  // Over gRPC the client writes strings without quotes, and other clients could not read them.
  value: protocol === "grpc" && typeof given.value === "string" ? JSON.stringify(given.value) : given.value,
  ...etag(given),
  ...(given.firstWrite && { options: { concurrency: StateConcurrencyEnum.CONCURRENCY_FIRST_WRITE } }),
  ...(given.ttl && { metadata: { ttlInSeconds: given.ttl } }),
});
const ok = ({ error } = {}) => {
  if (error) throw error;
  return "ok";
};

async function run(step) {
  const { type = "Clock" } = step;
  const store = step.store ?? "statestore";
  switch (step.do) {
    case "save":
      return ok(await client.state.save(store, step.items.map(item)));
    case "get": {
      // `get` has no ETag and does not tell absent from "".
      const [found] = await client.state.getBulk(store, [step.key]);
      if (step.keep) etags[step.keep] = found.etag;
      const value = await client.state.get(store, step.key);
      return found.etag ? { value } : value === "" ? "absent" : { unexpected: value };
    }
    case "bulk":
      return (await client.state.getBulk(store, step.keys)).map(({ key, data, etag }) => (etag ? [key, data] : [key]));
    case "delete":
      return ok(await client.state.delete(store, step.key, etag(step)));
    case "transaction": {
      const operations = step.operations.map(([operation, given]) => {
        const request = item(given);
        // Over gRPC the client's own type is needed.
        if (protocol === "grpc" && request.etag) request.etag = { value: request.etag, toString: () => given.etag };
        return { operation, request };
      });
      return ok((await client.state.transaction(store, operations)) ?? {});
    }
    case "query": {
      const { results, token } = await client.state.query(store, step.query);
      return { keys: results.map(({ key }) => key), token: Boolean(token) };
    }
    case "publish":
      return ok(await client.pubsub.publish(step.pubsub ?? "pubsub", step.topic, step.data, { contentType: step.type }));
    case "invoke":
      return client.invoker.invoke(step.app ?? "daplet", step.method, step.http.toLowerCase(), step.body);
    case "secret":
      return client.secret.get(step.store ?? "secretstore", step.key);
    case "secrets":
      return client.secret.getBulk(step.store ?? "secretstore");
    case "configuration": {
      const { items } = await client.configuration.get(step.store ?? "configstore", step.keys);
      return Object.fromEntries(Object.entries(items).map(([key, { value }]) => [key, value]));
    }
    case "watch": {
      const { store = "configstore", keys, key, value } = step;
      let heard;
      const change = new Promise((resolve) => {
        heard = ({ items }) => resolve(Object.fromEntries(Object.entries(items).map(([key, { value }]) => [key, value])));
      });
      const { stop } = await client.configuration.subscribeWithKeys(store, keys, async (changed) => heard(changed));
      // Again and again: a change that comes before the subscription is in force is not told.
      const set = () => fetch(`${operator}/${key}`, { method: "PUT", body: value });
      await set();
      const timer = setInterval(set, 500);
      const late = new Promise((_, reject) => setTimeout(reject, 15000, new Error("no change was told")));
      return Promise.race([change, late]).finally(() => (clearInterval(timer), stop()));
    }
    case "binding": {
      const answer = await client.binding.send(step.name, step.operation, step.data, step.metadata);
      // Over gRPC the client wraps the bytes, over HTTP it gives what was in them.
      const { method, path, body } = protocol === "grpc" ? JSON.parse(Buffer.from(answer.data)) : answer;
      return { method, path, body };
    }
    case "lock": {
      const { store = "lockstore", resource, owner, expiry } = step;
      return (await client.lock.lock(store, resource, owner, expiry)).success;
    }
    case "unlock": {
      const { store = "lockstore", resource, owner } = step;
      return (await client.lock.unlock(store, resource, owner)).status;
    }
    case "remind":
      await actors.registerActorReminder(type, new ActorId(step.id), step.name, step);
      return "ok";
    case "reminder": {
      if (actors.reminderGet === undefined) return { error: "unsupported" };
      const { dueTime, period } = await actors.reminderGet(type, new ActorId(step.id), step.name);
      return { dueTime, period: period ?? null };
    }
    case "forget":
      await actors.unregisterActorReminder(type, new ActorId(step.id), step.name);
      return "ok";
    case "timer":
      await actors.registerActorTimer(type, new ActorId(step.id), step.name, step);
      return "ok";
    case "untime":
      await actors.unregisterActorTimer(type, new ActorId(step.id), step.name);
      return "ok";
    case "metadata": {
      const { id, components } = await client.metadata.get();
      return { id, components: components.map(({ name, type }) => [name, type]).sort() };
    }
  }
  if (step.do === "listen") return { error: "unsupported" };
  throw new Error(`no such step: ${step.do}`);
}

await client.start();
const outcomes = [];
for (const step of steps) outcomes.push(await run(step).catch(failure));
await client.stop();
process.stdout.write(JSON.stringify(outcomes));
process.exit(0);
