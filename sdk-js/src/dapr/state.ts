// `client.state` of `@dapr/dapr` over Daplet's operations. As there, save and delete resolve to `{ error }` and do not reject.
import { decodeText } from "../internal/encode.js";
import { StateConcurrencyEnum } from "./enums.js";
import { daprError, type Operate, type Table } from "./error.js";

type Metadata = Record<string, string>;

interface Behaviour {
  concurrency?: number | string | undefined;
  consistency?: unknown;
}

export interface KeyValuePair {
  key: string;
  value?: unknown;
  /** The official types have `{ value }` in transactions, which daprd refuses; both are taken. */
  etag?: string | { value: string };
  metadata?: Metadata;
  options?: Behaviour;
}

export interface Operation {
  operation: string;
  request: KeyValuePair;
}

export class State {
  readonly #operate: Operate;

  constructor(operate: Operate) {
    this.#operate = operate;
  }

  async save(storeName: string, stateObjects: KeyValuePair[], options: { metadata?: Metadata } = {}) {
    const save = async (pair: KeyValuePair) => {
      const args = { store: storeName, ...written(pair, options.metadata) };
      await this.#run("save", storeName, "state.put", args, JSON.stringify(pair.value ?? null));
    };
    // As in Dapr: each for itself; some may be saved while others fail.
    return firstError(await Promise.allSettled(stateObjects.map(save)));
  }

  /** Consistency is the store's: reads see every write that was acknowledged. */
  async get(storeName: string, key: string): Promise<unknown> {
    const { head, body } = await this.#run("get", storeName, "state.get", { store: storeName, key });
    return (head as { found: boolean }).found ? parsed(body) : "";
  }

  async getBulk(storeName: string, keys: string[]) {
    if (keys.length === 0) return [];
    const { head, body } = await this.#run("get", storeName, "state.getMany", { store: storeName, keys });
    let offset = 0;
    const { items } = head as { items: { key: string; found: boolean; length: number; etag?: string }[] };
    // A key that was asked for several times is read once.
    const listed = new Map<string, { key: string; data?: unknown; etag?: string | undefined }>();
    for (const { key, found, length, etag } of items) {
      listed.set(key, found ? { key, data: parsed(new Uint8Array(body, offset, length)), etag } : { key });
      offset += length;
    }
    return keys.map((key) => ({ ...(listed.get(key) ?? { key }) }));
  }

  async delete(storeName: string, key: string, options: Partial<KeyValuePair> & Behaviour = {}) {
    const { etag, concurrency } = options;
    const args = {
      store: storeName,
      ...written({ key, ...(etag && { etag }), options: { concurrency } }),
    };
    return firstError(await Promise.allSettled([this.#run("delete", storeName, "state.delete", args)]));
  }

  async transaction(storeName: string, operations: Operation[] = [], metadata: Metadata | null = null): Promise<void> {
    const steps = operations.map(({ operation, request }) => {
      const value = operation === "upsert" ? { value: request.value ?? null } : {};
      return { operation, ...written(request, metadata ?? undefined), ...value };
    });
    if (steps.length === 0) return;
    await this.#run("transaction", storeName, "state.transact", { store: storeName }, JSON.stringify(steps));
  }

  async query(storeName: string, query: object): Promise<{ results: object[]; token?: string }> {
    const { head, body } = await this.#run(
      "query",
      storeName,
      "state.query",
      { store: storeName },
      JSON.stringify(query),
    );
    const { items, token } = head as { items: { key: string; length: number; etag: string }[]; token: string };
    let offset = 0;
    const results = items.map(({ key, length, etag }) => {
      offset += length;
      return { key, data: parsed(new Uint8Array(body, offset - length, length)), etag };
    });
    return token === "" ? { results } : { results, token };
  }

  async #run(what: string, store: string, op: string, args: object, body?: string) {
    try {
      return await this.#operate(op, args, body ?? null);
    } catch (error) {
      throw daprError(error, TABLES[what] ?? {});
    }
  }
}

const NO_STORE = [400, "ERR_STATE_STORE_NOT_FOUND"] as const;

const TABLES: Record<string, Table> = {
  save: { NOT_FOUND: NO_STORE, ETAG_MISMATCH: [409, "ERR_STATE_SAVE"] },
  get: { NOT_FOUND: NO_STORE },
  delete: { NOT_FOUND: NO_STORE, ETAG_MISMATCH: [409, "ERR_STATE_DELETE"] },
  // Dapr reports every failure of a transaction in this way.
  transaction: { NOT_FOUND: NO_STORE, ETAG_MISMATCH: [500, "ERR_STATE_TRANSACTION"] },
  query: { NOT_FOUND: NO_STORE },
};

/** Key, conditions and lifetime of a write, as the operation names them. */
function written({ key, etag, metadata, options }: KeyValuePair, common?: Metadata): object {
  const ttl = { ...metadata, ...common }["ttlInSeconds"];
  const tag = typeof etag === "object" ? etag.value : etag;
  const concurrency = CONCURRENCY[String(options?.concurrency)];
  return {
    key,
    ...(tag && { etag: tag }),
    ...(concurrency && { concurrency }),
    ...(ttl !== undefined && { ttlSeconds: Number(ttl) }),
  };
}

const CONCURRENCY: Record<string, string> = {
  [StateConcurrencyEnum.CONCURRENCY_FIRST_WRITE]: "first-write",
  [StateConcurrencyEnum.CONCURRENCY_LAST_WRITE]: "last-write",
  "first-write": "first-write",
  "last-write": "last-write",
};

function firstError(results: PromiseSettledResult<unknown>[]): { error?: Error } {
  const failed = results.find((result) => result.status === "rejected");
  return failed === undefined ? {} : { error: failed.reason as Error };
}

/** JSON, or the text if it is not JSON. */
export function parsed(bytes: ArrayBuffer | Uint8Array): unknown {
  const text = decodeText(bytes);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
