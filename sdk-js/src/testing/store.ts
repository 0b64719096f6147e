// One state store in memory, with Dapr's rules for ETags, first writes, lifetimes and transactions.
import type { FakeClock } from "./clock.js";
import { failure } from "./error.js";

interface Value {
  text: string;
  etag: string;
  /** Milliseconds since the Unix epoch. */
  expires: number | undefined;
}

/** The conditions of one write, in the words of the operation. */
export interface Conditions {
  key: string;
  etag?: string;
  concurrency?: string;
  ttlSeconds?: number;
}

/** One write: `text` undefined deletes. */
export interface Write extends Conditions {
  text: string | undefined;
}

export class MemoryStore {
  readonly #values = new Map<string, Value>();
  readonly #clock: FakeClock;
  #writes = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  /** What is there and has not expired. */
  read(key: string): Readonly<Value> | undefined {
    const value = this.#values.get(key);
    if (value?.expires !== undefined && value.expires <= this.#clock.now) {
      this.#values.delete(key);
      return undefined;
    }
    return value;
  }

  /** Checks every write's conditions, then applies all in order. Returns the last ETag given. */
  apply(writes: readonly Write[]): string | undefined {
    for (const write of writes) this.#check(write);
    let etag: string | undefined;
    for (const { key, text, ttlSeconds } of writes) {
      if (text === undefined) {
        this.#values.delete(key);
        continue;
      }
      etag = String(++this.#writes);
      const expires = ttlSeconds === undefined ? undefined : this.#clock.now + ttlSeconds * 1000;
      this.#values.set(key, { text, etag, expires });
    }
    return etag;
  }

  /** Refuses if the value has another ETag, or if there is one although none is expected. */
  expect(key: string, etag: string | null): void {
    this.#check(etag === null ? { key, concurrency: "first-write" } : { key, etag });
  }

  /** Every live key with its value, parsed. */
  entries(): Map<string, unknown> {
    const live = new Map<string, unknown>();
    for (const key of this.#values.keys()) {
      const value = this.read(key);
      if (value !== undefined) live.set(key, JSON.parse(value.text));
    }
    return live;
  }

  #check({ key, etag, concurrency }: Conditions): void {
    const current = this.read(key);
    if (etag !== undefined && etag !== "") {
      if (current?.etag !== etag) {
        const actual = current === undefined ? "there is no value" : `it is "${current.etag}"`;
        throw failure("ETAG_MISMATCH", `state: the ETag of key "${key}" is not "${etag}": ${actual}`);
      }
    } else if (concurrency === "first-write" && current !== undefined) {
      throw failure("ETAG_MISMATCH", `state: key "${key}" has a value already, so this is no first write`);
    }
  }
}
