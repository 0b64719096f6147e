// A unit of work: reads are remembered, writes and messages are held back, and all of it is committed at once or not at
// all. Must not know what runs the work again after a lost race: the host runs the whole handler, `StateStore` only the
// work.
import type { Body } from "./internal/call.js";
import { checkKey, conditions } from "./internal/conditions.js";
import { requireName, toJson } from "./internal/encode.js";
import { encodeEvent, metadataOf, type PublishOptions } from "./pubsub.js";
import type { StateEntry } from "./state.js";

/** How one event of a transaction is published. */
export interface TransactionPublishOptions extends PublishOptions {
  /** Pub/sub component; `pubsub` when absent. */
  pubsub?: string;
}

/** How a transaction is run. */
export interface TransactionOptions {
  /** Further attempts after a lost race, where only the work can run again (after the answer has left); 20 when absent. */
  retries?: number;
}

interface Write {
  /** Its JSON text; undefined deletes. */
  text: string | undefined;
  ttl: number | undefined;
}

/** The argument of the work of `state().transaction()`. Others see nothing of what it does before the commit. */
export class Transaction {
  readonly #read: (key: string) => Promise<StateEntry<unknown>>;
  readonly #reads = new Map<string, Promise<StateEntry<unknown>>>();
  readonly #seen = new Map<string, StateEntry<unknown>>();
  readonly #writes = new Map<string, Write>();
  readonly #messages: string[] = [];
  #done = false;

  constructor(read: (key: string) => Promise<StateEntry<unknown>>) {
    this.#read = read;
  }

  /** The value as this transaction sees it, or null: its own last write, else the value at its first read. */
  async get<T = unknown>(key: string): Promise<T | null> {
    const where = "transaction.get";
    this.#check(where);
    checkKey(where, key);
    const written = this.#writes.get(key);
    if (written !== undefined) return written.text === undefined ? null : (JSON.parse(written.text) as T);
    let read = this.#reads.get(key);
    if (read === undefined) {
      read = this.#read(key);
      this.#reads.set(key, read);
      this.#seen.set(key, await read);
    }
    // A copy: what the work does to its value must not change what it reads next, nor what is compared in the end.
    return structuredClone((await read).value) as T | null;
  }

  /** Writes a value when the transaction commits. */
  put(key: string, value: unknown, options: { ttl?: number } = {}): void {
    const where = "transaction.put";
    this.#check(where);
    const { ttl } = options;
    conditions(where, "options", ttl === undefined ? {} : { ttl });
    const text = toJson(where, `value of key ${JSON.stringify(checkKey(where, key))}`, value);
    this.#write(key, { text, ttl });
  }

  /** Deletes a value when the transaction commits. */
  delete(key: string): void {
    const where = "transaction.delete";
    this.#check(where);
    this.#write(checkKey(where, key), { text: undefined, ttl: undefined });
  }

  /** Publishes an event when the transaction commits; data as for `pubsub().publish()`. */
  publish(topic: string, data: unknown, options: TransactionPublishOptions = {}): void {
    const where = "transaction.publish";
    this.#check(where);
    requireName(where, "topic", topic);
    const { contentType, event } = encodeEvent(where, "data", data, options.contentType);
    const metadata = metadataOf(where, "options", options);
    const pubsub = options.pubsub === undefined ? {} : { pubsub: requireName(where, "options.pubsub", options.pubsub) };
    const head = JSON.stringify({ ...pubsub, topic, contentType, ...(metadata && { metadata }) });
    this.#messages.push(`${head.slice(0, -1)},"event":${event}}`);
  }

  /** Ends it: the body of `state.commit`, or null if there is nothing to commit. */
  end(): Body {
    this.#done = true;
    if (this.#writes.size === 0 && this.#messages.length === 0) return null;
    const reads: string[] = [];
    for (const [key, { value, etag, ttlExpireTime }] of this.#seen) {
      if (!this.#writes.has(key)) reads.push(JSON.stringify({ key, etag, value, ttlExpireTime }));
    }
    const writes = [...this.#writes].map(([key, { text, ttl }]) => {
      const seen = this.#seen.get(key);
      // An unguarded write if it was never read; a deletion of a missing key has nothing to guard.
      const guard = seen === undefined || (text === undefined && seen.etag === null) ? {} : { etag: seen.etag };
      const rest = JSON.stringify({
        operation: text === undefined ? "delete" : "upsert",
        key,
        ...conditions("transaction", "options", { ...guard, ...(ttl !== undefined && { ttl }) }),
      });
      return text === undefined ? rest : `${rest.slice(0, -1)},"value":${text}}`;
    });
    return `{"reads":[${reads.join(",")}],"writes":[${writes.join(",")}],"messages":[${this.#messages.join(",")}]}`;
  }

  #write(key: string, write: Write): void {
    // The last one counts, at its position.
    this.#writes.delete(key);
    this.#writes.set(key, write);
  }

  #check(where: string): void {
    if (this.#done)
      throw new TypeError(`${where}: the transaction has ended. Await everything in the work that uses it`);
  }
}
