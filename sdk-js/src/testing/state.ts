// The operations `state.*` over stores in memory: key spaces, grants and the shapes that cross the boundary.
import type { Body, Completion } from "../internal/call.js";
import type { Caller } from "./caller.js";
import type { FakeClock } from "./clock.js";
import { completion, textOf } from "./completion.js";
import { type Failure, failure, invalid, noComponent, unknownOperation } from "./error.js";
import { refused, requireGrant } from "./grants.js";
import { page } from "./query.js";
import type { Meter } from "./quotas.js";
import { MemoryStore, type Write } from "./store.js";

interface Conditions {
  etag?: string;
  concurrency?: string;
  ttlSeconds?: number;
}

interface Args extends Conditions {
  store?: string;
  space?: string;
  key: string;
  keys: string[];
}

/** A step of `state.transact`, as the SDK writes it. */
interface Step extends Conditions {
  operation: "upsert" | "delete";
  key: string;
  value?: unknown;
}

/** What `state.commit` carries. */
interface Unit {
  reads: { key: string; etag: string | null }[];
  writes: Step[];
  messages: UnitMessage[];
}

interface UnitMessage {
  pubsub?: string;
  topic: string;
  event: unknown;
  contentType?: string;
  metadata?: Record<string, string>;
}

/** What takes the messages of a unit of work. `prepare` refuses them, or gives what publishes them. */
interface Outbox {
  prepare(caller: Caller, messages: readonly UnitMessage[]): () => void;
}

export class FakeState {
  readonly #stores: Map<string, MemoryStore>;
  readonly #outbox: Outbox;

  constructor(names: readonly string[], clock: FakeClock, meter: Meter, outbox: Outbox) {
    this.#stores = new Map(names.map((name) => [name, new MemoryStore(clock, meter)]));
    this.#outbox = outbox;
  }

  store(name: string): MemoryStore {
    const store = this.#stores.get(name);
    if (store === undefined) throw noComponent("NOT_FOUND", `state store ${name} is`, this.#stores.keys());
    return store;
  }

  run(op: string, caller: Caller, args: Args, body: Body): Completion {
    const name = args.store ?? "statestore";
    requireGrant(caller, "stores", name);
    const prefix = prefixOf(caller, args.space);
    const full = (key: string) => wholeKey(prefix, key);
    switch (op) {
      case "state.get":
        return found(this.store(name), full(args.key));
      case "state.getMany":
        return this.#many(this.store(name), args.keys, full);
      case "state.put": {
        const text = textOf(body);
        const etag = this.#apply(name, [write({ ...args, operation: "upsert" }, text, full)]);
        return completion({ etag });
      }
      case "state.delete":
        this.#apply(name, [write({ ...args, operation: "delete" }, undefined, full)]);
        return completion({});
      case "state.transact":
        this.#apply(
          name,
          (JSON.parse(textOf(body)) as Step[]).map((step) => stepOf(step, full)),
        );
        return completion({});
      case "state.commit":
        this.#commit(caller, name, JSON.parse(textOf(body)) as Unit, prefix);
        return completion({});
      case "state.query":
        return this.#query(this.store(name), prefix, textOf(body));
      default:
        throw unknownOperation(op);
    }
  }

  #apply(name: string, writes: readonly Write[]): string | undefined {
    return this.store(name).apply(writes);
  }

  #many(store: MemoryStore, keys: readonly string[], full: (key: string) => string): Completion {
    const values = [...new Set(keys)].map((key) => ({ key, value: store.read(full(key)) }));
    const items = values.map(({ key, value }) => ({
      key,
      found: value !== undefined,
      etag: value?.etag,
      length: Buffer.byteLength(value?.text ?? ""),
    }));
    return completion({ items }, values.map(({ value }) => value?.text ?? "").join(""));
  }

  #query(store: MemoryStore, prefix: string, query: string): Completion {
    let found;
    try {
      found = page(query, store.within(prefix));
    } catch (error) {
      throw invalid((error as Error).message);
    }
    const { results, token } = found;
    const items = results.map(({ key, text, etag }) => ({ key, found: true, etag, length: Buffer.byteLength(text) }));
    return completion({ items, token }, results.map(({ text }) => text).join(""));
  }

  #commit(caller: Caller, name: string, unit: Unit, prefix: string): void {
    const full = (key: string) => wholeKey(prefix, key);
    const reads = unit.reads.map(({ key, etag }) => ({ key: full(key), etag: etag ?? undefined }));
    const writes = unit.writes.map((step) => stepOf(step, full));
    for (const { pubsub = "pubsub", topic } of unit.messages) requireGrant(caller, "topics", `${pubsub}/${topic}`);
    const store = this.store(name);
    const publish = this.#outbox.prepare(caller, unit.messages);
    try {
      for (const { key, etag } of reads) store.expect(key, { etag, firstWrite: true });
      store.apply(writes);
    } catch (error) {
      if ((error as Failure).code !== "ETAG_MISMATCH") throw error;
      const key = (unit.writes[0] ?? unit.reads[0])?.key;
      throw failure("UNIT_CONFLICT", (error as Error).message, { store: name, key, within: prefix });
    }
    publish();
  }
}

function found(store: MemoryStore, key: string): Completion {
  const value = store.read(key);
  if (value === undefined) return completion({ found: false });
  const { text, etag, expires } = value;
  const ttl = expires === undefined ? {} : { ttlExpireTime: new Date(expires).toISOString() };
  return completion({ found: true, etag, ...ttl }, text);
}

function stepOf(step: Step, full: (key: string) => string): Write {
  return write(step, step.operation === "upsert" ? JSON.stringify(step.value) : undefined, full);
}

function write(step: Step, text: string | undefined, full: (key: string) => string): Write {
  const { etag, concurrency } = step;
  return { key: full(step.key), text, etag, firstWrite: concurrency === "first-write", ttlSeconds: step.ttlSeconds };
}

function prefixOf(caller: Caller, space: string | undefined): string {
  if (space === undefined) return `f/${caller.function}/`;
  if (caller.grants === undefined || caller.grants.spaces?.includes(space)) return `s/${space}/`;
  throw refused(caller, "spaces", space);
}

function wholeKey(prefix: string, key: string): string {
  if (key === "") throw invalid("a state key cannot be empty");
  if (!key.includes("||")) return prefix + key;
  throw invalid(`the state key ${JSON.stringify(key)} contains "||", which Dapr keeps for itself`);
}
