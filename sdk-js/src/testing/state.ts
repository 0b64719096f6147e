// The operations `state.*` over stores in memory: key spaces, grants and the shapes that cross the boundary.
import type { Body, Completion } from "../internal/call.js";
import type { FakeClock } from "./clock.js";
import { failure } from "./error.js";
import { type Caller, refused, requireGrant } from "./grants.js";
import { type Conditions, MemoryStore, type Write } from "./store.js";

interface Args extends Conditions {
  store?: string;
  space?: string;
  keys: string[];
}

/** A step of `state.transact`, as the SDK writes it. */
interface Step extends Conditions {
  operation: "upsert" | "delete";
  value?: unknown;
}

/** What `state.commit` carries. */
interface Unit {
  reads: { key: string; etag: string | null }[];
  writes: Step[];
  messages: Message[];
}

interface Message {
  pubsub?: string;
  topic: string;
  event: unknown;
}

/** What takes the messages of a unit of work. */
interface Outbox {
  check(caller: Caller, message: Message): void;
  publishEntry(source: string, message: Message): void;
}

function write(step: Step, full: (key: string) => string): Write {
  const text = step.operation === "upsert" ? JSON.stringify(step.value) : undefined;
  return { ...step, key: full(step.key), text };
}

export class FakeState {
  readonly #stores: Map<string, MemoryStore>;

  constructor(names: readonly string[], clock: FakeClock) {
    this.#stores = new Map(names.map((name) => [name, new MemoryStore(clock)]));
  }

  store(name: string): MemoryStore {
    const store = this.#stores.get(name);
    if (store === undefined) {
      throw failure("NOT_FOUND", `state: there is no store "${name}". Known: ${[...this.#stores.keys()].join(", ")}`);
    }
    return store;
  }

  run(op: string, caller: Caller, args: Args, body: Body, broker: Outbox): Completion {
    const name = args.store ?? "statestore";
    requireGrant(caller, "stores", name);
    const store = this.store(name);
    const prefix = prefixOf(caller, args.space);
    const full = (key: string) => prefix + key;
    switch (op) {
      case "state.get": {
        const value = store.read(full(args.key));
        if (value === undefined) return completion({ found: false });
        const { text, etag, expires } = value;
        const ttl = expires === undefined ? {} : { ttlExpireTime: new Date(expires).toISOString() };
        return completion({ found: true, etag, ...ttl }, text);
      }
      case "state.getMany": {
        const values = args.keys.map((key) => ({ key, value: store.read(full(key)) }));
        const items = values.map(({ key, value }) => ({
          key,
          found: value !== undefined,
          etag: value?.etag,
          length: Buffer.byteLength(value?.text ?? ""),
        }));
        return completion({ items }, values.map(({ value }) => value?.text ?? "").join(""));
      }
      case "state.put": {
        const etag = store.apply([{ ...args, key: full(args.key), text: textOf(body) }]);
        return completion({ etag });
      }
      case "state.delete":
        store.apply([{ ...args, key: full(args.key), text: undefined }]);
        return completion({});
      case "state.transact": {
        const steps = JSON.parse(textOf(body)) as Step[];
        store.apply(steps.map((step) => write(step, full)));
        return completion({});
      }
      case "state.commit": {
        const unit = JSON.parse(textOf(body)) as Unit;
        unit.messages.forEach((message) => {
          broker.check(caller, message);
        });
        try {
          for (const { key, etag } of unit.reads) store.expect(full(key), etag);
          store.apply(unit.writes.map((step) => write(step, full)));
        } catch (error) {
          throw failure("UNIT_CONFLICT", error instanceof Error ? error.message : String(error));
        }
        unit.messages.forEach((message) => {
          broker.publishEntry(caller.function, message);
        });
        return completion({});
      }
      default:
        throw failure("UNKNOWN_OPERATION", `no capability serves "${op}"`);
    }
  }
}

function prefixOf(caller: Caller, space: string | undefined): string {
  if (space === undefined) return `f/${caller.function}/`;
  if (caller.grants !== undefined && !(caller.grants.spaces ?? []).includes(space))
    throw refused(caller, "spaces", space);
  return `s/${space}/`;
}

/** The body of an operation that carries JSON. */
export function textOf(body: Body): string {
  return typeof body === "string" ? body : new TextDecoder().decode(body ?? undefined);
}

/** A completion whose body is text or bytes. */
export function completion(head: object, body: string | Uint8Array = ""): Completion {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  // A copy even of a Buffer, whose `slice` would show the pool that it lies in.
  return { head, body: new Uint8Array(bytes).buffer };
}
