// One state store in memory, with Dapr's rules for ETags, first writes, lifetimes and transactions.
import type { FakeClock } from "./clock.js";
import { failure } from "./error.js";
import type { Meter } from "./quotas.js";

interface Value {
  text: string;
  etag: string;
  /** Milliseconds since the Unix epoch. */
  expires: number | undefined;
}

/** The conditions of one write, in the words of the operation. */
export interface Conditions {
  etag?: string | undefined;
  firstWrite?: boolean | undefined;
}

/** One write: `text` undefined deletes. */
export interface Write extends Conditions {
  key: string;
  text: string | undefined;
  ttlSeconds?: number | undefined;
}

/** What a key has in the database before it, and a value before its text. */
const PREFIX = "daplet||".length;
const HEAD = 16;

export class MemoryStore {
  readonly #values = new Map<string, Value>();
  readonly #clock: FakeClock;
  readonly #meter: Meter;
  #writes = 0;

  constructor(clock: FakeClock, meter: Meter) {
    this.#clock = clock;
    this.#meter = meter;
  }

  /** The value, unless it is absent or has expired. */
  read(key: string): Readonly<Value> | undefined {
    const value = this.#values.get(key);
    if (value?.expires !== undefined && value.expires <= this.#clock.now) {
      this.#set(key, undefined);
      return undefined;
    }
    return value;
  }

  /** Checks every write's conditions, and whether all fit, then applies them in order. Returns the last ETag given. */
  apply(writes: readonly Write[]): string | undefined {
    for (const write of writes) this.expect(write.key, write);
    this.#fit(writes);
    let etag: string | undefined;
    for (const { key, text, ttlSeconds } of writes) {
      if (text === undefined) {
        this.#set(key, undefined);
        continue;
      }
      etag = String(++this.#writes);
      const expires = ttlSeconds === undefined ? undefined : this.#clock.now + ttlSeconds * 1000;
      this.#set(key, { text, etag, expires });
    }
    return etag;
  }

  /** Refuses if the value has another ETag, or if there is one although this is to be the first write. */
  expect(key: string, { etag, firstWrite }: Conditions): void {
    const current = this.read(key);
    if (etag ? current?.etag === etag : !firstWrite || current === undefined) return;
    const why = "it was written or deleted meanwhile, or exists although this was to be its first write";
    throw failure("ETAG_MISMATCH", `the ETag of ${JSON.stringify(key)} does not match: ${why}`);
  }

  /** Every live value whose key begins with `prefix`; keys without it. */
  *within(prefix: string): Generator<{ key: string; text: string; etag: string }> {
    for (const whole of [...this.#values.keys()]) {
      const value = whole.startsWith(prefix) ? this.read(whole) : undefined;
      if (value !== undefined) yield { key: whole.slice(prefix.length), text: value.text, etag: value.etag };
    }
  }

  /** Every live key with its value, parsed. */
  entries(): Map<string, unknown> {
    return new Map([...this.within("")].map(({ key, text }) => [key, JSON.parse(text) as unknown]));
  }

  #set(key: string, value: Value | undefined): void {
    this.#meter.add(ownerOf(key), sizeOf(key, value?.text) - sizeOf(key, this.#values.get(key)?.text));
    if (value === undefined) this.#values.delete(key);
    else this.#values.set(key, value);
  }

  #fit(writes: readonly Write[]): void {
    const now = new Map<string, string | undefined>();
    const growth = new Map<string, number>();
    for (const { key, text } of writes) {
      const before = now.has(key) ? now.get(key) : this.#values.get(key)?.text;
      now.set(key, text);
      const owner = ownerOf(key);
      growth.set(owner, (growth.get(owner) ?? 0) + sizeOf(key, text) - sizeOf(key, before));
    }
    for (const [owner, more] of growth) {
      const refusal = this.#meter.refusal(owner, more);
      if (refusal !== undefined) throw refusal;
    }
  }
}

/** What an entry counts, bytes; 0 for an absent one. */
export function sizeOf(key: string, text: string | undefined): number {
  return text === undefined ? 0 : PREFIX + Buffer.byteLength(key) + HEAD + Buffer.byteLength(text);
}

/** Whose quota a key counts for: the function's, or the space's. */
function ownerOf(key: string): string {
  const [kind, name = ""] = key.split("/", 2);
  return kind === "s" ? `space ${name}` : name;
}
