// Key-value state: arguments in, JSON values out. Must not know where the state is stored.
import { DapletError, EtagMismatchError } from "./errors.js";
import { call } from "./internal/call.js";
import { checkKey, conditions } from "./internal/conditions.js";
import { decodeText, describe, requireName, toJson } from "./internal/encode.js";
import { Transaction, type TransactionOptions } from "./transaction.js";

/** Which keys a {@link StateStore} sees. */
export interface StateOptions {
  /** A key space shared by functions; needs the grant `spaces` with this name. Without it: the function's own keys. */
  space?: string;
}

/** A value, and the ETag to replace it safely. */
export interface StateEntry<T> {
  /** Null when the key is missing or expired. */
  value: T | null;
  /** Changes with every write; null when the key is missing. */
  etag: string | null;
  /** When the value expires, if it does. */
  ttlExpireTime?: Date;
}

/** Conditions of a deletion. */
export interface DeleteOptions {
  /** Delete only if the value still has this ETag; else {@link EtagMismatchError}. */
  etag?: string;
}

/** Conditions and lifetime of a write. */
export interface PutOptions {
  /** Lifetime in seconds, at least 1. A write without it removes an earlier one. */
  ttl?: number;
  /** Write only if the value still has this ETag; null: only if there is no value. Else {@link EtagMismatchError}. */
  etag?: string | null;
  /** Write only if there is no value; the same as `etag: null`. */
  firstWrite?: boolean;
}

/** One step of {@link StateStore.transact}. */
export type StateOperation = ({ put: string; value: unknown } & PutOptions) | ({ delete: string } & DeleteOptions);

/** How {@link StateStore.update} writes and how long it tries. */
export interface UpdateOptions {
  /** Lifetime of the new value in seconds, at least 1. */
  ttl?: number;
  /** Further attempts after a lost race; 20 when absent. */
  retries?: number;
}

/** A condition: one operator with its operand. A field is a path with dots into the value. */
export type StateFilter =
  | { [operator in "EQ" | "NEQ" | "GT" | "GTE" | "LT" | "LTE"]?: Record<string, unknown> }
  | { IN: Record<string, readonly unknown[]> }
  | { AND: readonly StateFilter[] }
  | { OR: readonly StateFilter[] };

/** A question to {@link StateStore.query}. */
export interface StateQuery {
  /** Everything when absent. */
  filter?: StateFilter;
  /** By keys when absent. */
  sort?: readonly { key: string; order?: "ASC" | "DESC" }[];
  /** `token` is what the page before gave. */
  page?: { limit?: number; token?: string };
}

/** A page of results; with a token if there are more. */
export interface StatePage<T> {
  results: { key: string; value: T; etag: string }[];
  token?: string;
}

/** A key-value store; values are anything JSON can hold. */
export class StateStore {
  readonly #base: { store?: string; space?: string };

  constructor(store?: string, options: StateOptions = {}) {
    this.#base = {};
    if (store !== undefined) this.#base.store = requireName("state", "store", store);
    if (options.space !== undefined) this.#base.space = requireName("state", "options.space", options.space);
  }

  /** The value, or null. */
  async get<T = unknown>(key: string): Promise<T | null> {
    return (await this.getWithEtag<T>(key)).value;
  }

  /** The value with its ETag and expiry. */
  async getWithEtag<T = unknown>(key: string): Promise<StateEntry<T>> {
    const args = { ...this.#base, key: checkKey("state.get", key) };
    const completion = await call("state.get", args);
    const head = completion.head as { found: boolean; etag?: string; ttlExpireTime?: string };
    if (!head.found) return { value: null, etag: null };
    const entry: StateEntry<T> = { value: parse(key, completion.body) as T, etag: head.etag ?? null };
    if (head.ttlExpireTime !== undefined) entry.ttlExpireTime = new Date(head.ttlExpireTime);
    return entry;
  }

  /** The values of several keys in one round trip; missing ones are null. */
  async getMany<T = unknown>(keys: Iterable<string>): Promise<Map<string, T | null>> {
    if (typeof keys === "string" || typeof keys?.[Symbol.iterator] !== "function") {
      throw new TypeError(`state.getMany: keys must be an array of strings, not ${describe(keys)}`);
    }
    const wanted = [...new Set(keys)];
    wanted.forEach((key, i) => {
      checkKey("state.getMany", key, `keys[${i}]`);
    });
    const values = new Map<string, T | null>();
    if (wanted.length === 0) return values;
    for (const key of wanted) values.set(key, null);
    const { head, body } = await call("state.getMany", { ...this.#base, keys: wanted });
    let offset = 0;
    for (const item of (head as { items: { key: string; found: boolean; length: number }[] }).items) {
      if (!item.found) continue;
      values.set(item.key, parse(item.key, new Uint8Array(body, offset, item.length)) as T);
      offset += item.length;
    }
    return values;
  }

  /**
   * The values that a query takes: filter, sort and page as in Dapr's state query (alpha). It looks at the function's own
   * keys, or those of the space. Behind a sidecar the store must support queries.
   */
  async query<T = unknown>(query: StateQuery): Promise<StatePage<T>> {
    const where = "state.query";
    if (query === null || typeof query !== "object") {
      throw new TypeError(`${where}: query must be an object, not ${describe(query)}`);
    }
    const { head, body } = await call(where, { ...this.#base }, toJson(where, "query", query));
    const { items, token } = head as { items: { key: string; length: number; etag: string }[]; token: string };
    let offset = 0;
    const results = items.map(({ key, length, etag }) => {
      const value = parse(key, new Uint8Array(body, offset, length)) as T;
      offset += length;
      return { key, value, etag };
    });
    return token === "" ? { results } : { results, token };
  }

  /** Writes a value; last write wins unless a condition is given. */
  async put(key: string, value: unknown, options: PutOptions = {}): Promise<void> {
    const where = "state.put";
    const args = { ...this.#base, key: checkKey(where, key), ...conditions(where, "options", options) };
    await call(where, args, toJson(where, `value of key ${JSON.stringify(key)}`, value));
  }

  /** Deletes a value; a missing one is an error only if an ETag was given. */
  async delete(key: string, options: DeleteOptions = {}): Promise<void> {
    const where = "state.delete";
    await call(where, { ...this.#base, key: checkKey(where, key), ...conditions(where, "options", options) });
  }

  /** All or nothing, in the given order; the conditions of every step are checked before the first is applied. */
  async transact(operations: readonly StateOperation[]): Promise<void> {
    const where = "state.transact";
    if (!Array.isArray(operations)) {
      throw new TypeError(`${where}: operations must be an array, not ${describe(operations)}`);
    }
    if (operations.length === 0) return;
    const steps = operations.map((step: StateOperation, i) => {
      const at = `operations[${i}]`;
      if (step !== null && typeof step === "object" && "put" in step) {
        const key = checkKey(where, step.put, `${at}.put`);
        const value = toJson(where, `${at}.value`, step.value);
        const rest = JSON.stringify({ operation: "upsert", key, ...conditions(where, at, step) });
        // The value's text is spliced in: it is written once, and stored exactly as put() would store it.
        return `${rest.slice(0, -1)},"value":${value}}`;
      }
      if (step !== null && typeof step === "object" && "delete" in step) {
        const key = checkKey(where, step.delete, `${at}.delete`);
        return JSON.stringify({ operation: "delete", key, ...conditions(where, at, step) });
      }
      throw new TypeError(`${where}: ${at} must be { put: key, value } or { delete: key }, not ${describe(step)}`);
    });
    await call(where, { ...this.#base }, `[${steps.join(",")}]`);
  }

  /**
   * Replaces a value by what `change` makes of it, and starts over with the newer value if another writer came in
   * between. So `change` may run several times and should do nothing else. Resolves to what was written.
   */
  async update<T>(key: string, change: (current: T | null) => T | Promise<T>, options: UpdateOptions = {}): Promise<T> {
    if (typeof change !== "function") {
      throw new TypeError(`state.update: change must be a function, not ${describe(change)}`);
    }
    const { ttl } = options;
    return attempts("state.update", options.retries, async () => {
      const { value, etag } = await this.getWithEtag<T>(key);
      const next = await change(value);
      if (next === undefined) {
        throw new TypeError("state.update: change returned undefined. Return the new value, or null for 'nothing'");
      }
      await this.put(key, next, ttl === undefined ? { etag } : { etag, ttl });
      return next;
    });
  }

  /**
   * Runs `work` on a transaction and commits what it wrote and published, all or nothing, if everything that it read is
   * unchanged. After a lost race Daplet runs the whole handler again, from the function's original heap: nothing of
   * the lost run is left, so a handler may be written as if it ran without others. What it did outside of the transaction (other
   * operations, calls of other apps) is done again. Once the answer has left (`ctx.waitUntil`), only `work` is run again.
   */
  async transaction<T>(work: (tx: Transaction) => T | Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const where = "state.transaction";
    if (typeof work !== "function") throw new TypeError(`${where}: work must be a function, not ${describe(work)}`);
    return attempts(where, options.retries, async () => {
      const transaction = new Transaction((key) => this.getWithEtag(key));
      const result = await work(transaction);
      const unit = transaction.end();
      if (unit !== null) await call("state.commit", { ...this.#base }, unit);
      return result;
    });
  }
}

/** Retries lost races, at most `retries` times. */
async function attempts<T>(where: string, retries: number | undefined, attempt: () => Promise<T>): Promise<T> {
  const most = retries ?? 20;
  if (!Number.isInteger(most) || most < 0) {
    throw new TypeError(`${where}: options.retries must be a whole number of at least 0, not ${describe(retries)}`);
  }
  for (let made = 0; ; made++) {
    try {
      return await attempt();
    } catch (error) {
      // The host has run the handler again so often that more would not help.
      const hopeless = (error as { details?: { reruns?: number } | null } | null)?.details?.reruns !== undefined;
      if (!(error instanceof EtagMismatchError) || hopeless) throw error;
      if (made >= most) throw gaveUp(error, where, made);
    }
    // The first retry goes at once: most races have two runners. After that, random pauses pull the runners apart.
    if (made > 0) {
      const pause = Math.random() * Math.min(2 ** made, 64);
      await new Promise<void>((resolve) => setTimeout(resolve, pause));
    }
  }
}

/** The last lost race, with its code and how many there were. */
function gaveUp(error: EtagMismatchError, where: string, retries: number): EtagMismatchError {
  const message = `${error.code}: ${where} lost a race ${retries + 1} times (${retries} retries): ${error.message}`;
  const details = error.details === null || typeof error.details !== "object" ? {} : error.details;
  return new EtagMismatchError(error.code, message, { ...details, retries });
}

/** The state store of that name (`statestore` when absent), limited to the function's own keys or to a shared space. */
export function state(store?: string, options?: StateOptions): StateStore {
  return new StateStore(store, options);
}

function parse(key: string, bytes: ArrayBuffer | Uint8Array): unknown {
  try {
    return JSON.parse(decodeText(bytes));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new DapletError("NOT_JSON", `state: the value of key ${JSON.stringify(key)} is not JSON: ${why}`);
  }
}
