// The client `sdk`: runs the steps of a request with `@daplet/sdk`, inside a function; answers an outcome for each.
import * as sdk from "@daplet/sdk";

const STATUSES = ["success", "doesNotExist", "belongsToOthers", "internalError"];

function failure(error) {
  let kind = "failed";
  if (error instanceof sdk.EtagMismatchError) kind = "conflict";
  else if (error instanceof sdk.NotFoundError) kind = "missing";
  else if (error instanceof TypeError || error.code === "INVALID_ARGUMENT") kind = "invalid";
  return { error: kind, told: `${error.name}: ${error.message}` };
}

/** What an app answered: its JSON, or the kind of its failure. */
async function answered(response) {
  if (response.ok) return response.json();
  return { error: { 400: "invalid", 404: "missing", 409: "conflict" }[response.status] ?? "failed" };
}

const values = (items) => Object.fromEntries(Object.entries(items).map(([key, { value }]) => [key, value]));

/** Runs steps one after the other; ETags that they keep are named. */
export class Steps {
  #etags = {};

  #conditions({ etag, firstWrite, ttl }) {
    const guard = etag === undefined ? (firstWrite ? { firstWrite } : {}) : { etag: this.#etags[etag.slice(1)] ?? etag };
    return { ...guard, ...(ttl !== undefined && { ttl: Number(ttl) }) };
  }

  async run(step) {
    const method = this[step.do];
    return method === undefined ? { error: "unsupported" } : method.call(this, step).catch(failure);
  }

  /** Each item is a write of its own; the first failure is the outcome. */
  async save({ store, items }) {
    const put = (item) => sdk.state(store).put(item.key, item.value, this.#conditions(item));
    const settled = await Promise.allSettled(items.map(async (item) => put(item)));
    const failed = settled.find(({ status }) => status === "rejected");
    if (failed !== undefined) throw failed.reason;
    return "ok";
  }

  async get({ store, key, keep }) {
    const { value, etag } = await sdk.state(store).getWithEtag(key);
    if (keep !== undefined) this.#etags[keep] = etag;
    return etag === null ? "absent" : { value };
  }

  async bulk({ store, keys }) {
    const found = await sdk.state(store).getMany(keys);
    return keys.map((key) => (found.get(key) === null ? [key] : [key, found.get(key)]));
  }

  async delete(step) {
    await sdk.state(step.store).delete(step.key, this.#conditions(step));
    return "ok";
  }

  async transaction({ store, operations }) {
    const steps = operations.map(([operation, item]) => {
      const conditions = this.#conditions(item);
      return operation === "delete" ? { delete: item.key, ...conditions } : { put: item.key, value: item.value, ...conditions };
    });
    await sdk.state(store).transact(steps);
    return "ok";
  }

  async query({ store, query }) {
    const { results, token } = await sdk.state(store).query(query);
    return { keys: results.map(({ key }) => key), token: token !== undefined };
  }

  async publish({ pubsub, topic, data, type }) {
    await sdk.pubsub(pubsub).publish(topic, data, { contentType: type });
    return "ok";
  }

  async invoke({ app = "daplet", method, http, body }) {
    const init = { method: http, ...(body !== undefined && { body: JSON.stringify(body) }) };
    return answered(await sdk.invoke(app).fetch(method, init));
  }

  async secret({ store, key }) {
    return sdk.secrets(store).getValues(key);
  }

  async secrets({ store }) {
    return sdk.secrets(store).getBulk();
  }

  async configuration({ store, keys }) {
    return values(await sdk.configuration(store).get(...keys));
  }

  async binding({ name, operation, data, metadata }) {
    const { method, path, body } = (await sdk.binding(name).invoke(operation, data, metadata)).json();
    return { method, path, body };
  }

  async lock({ store, resource, owner, expiry }) {
    return (await sdk.lock(store).tryLock(resource, { owner, expiry })) !== null;
  }

  async unlock({ store, resource, owner }) {
    return STATUSES.indexOf(await sdk.lock(store).unlock(resource, owner));
  }

  /** Only an actor itself sets what calls it: these are methods of the function `clocks`. */
  #actor({ type = "Clock", id }) {
    return sdk.actor(type, id);
  }

  async remind(step) {
    const { name, dueTime, period, ttl } = step;
    await this.#actor(step).remind({ name, dueTime, period, ttl });
    return "ok";
  }

  async reminder(step) {
    const found = (await this.#actor(step).reminder(step.name)) ?? null;
    return found && { dueTime: found.dueTime, period: found.period ?? null };
  }

  async forget(step) {
    await this.#actor(step).forget(step.name);
    return "ok";
  }

  async timer(step) {
    const { name, callback, dueTime, period, ttl } = step;
    await this.#actor(step).time({ name, callback, dueTime, period, ttl });
    return "ok";
  }

  async untime(step) {
    await this.#actor(step).untime(step.name);
    return "ok";
  }
}

export default async function (request) {
  const runner = new Steps();
  const outcomes = [];
  for (const step of await request.json()) outcomes.push(await runner.run(step));
  return outcomes;
}
