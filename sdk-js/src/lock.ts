// Distributed locks: a resource has one owner at a time, for a limited time. Must not know where locks are stored.
import { call } from "./internal/call.js";
import { describe, optionalSeconds, requireName } from "./internal/encode.js";

/** How a lock is taken. */
export interface LockOptions {
  /** Seconds until the lock is free again, even if its owner never releases it; at least 1. */
  expiry: number;
  /** Who holds it; a random name when absent. Two owners must not have the same. */
  owner?: string;
}

/** What became of giving a lock back. */
export type UnlockStatus = "success" | "doesNotExist" | "belongsToOthers" | "internalError";

const STATUSES: readonly UnlockStatus[] = ["success", "doesNotExist", "belongsToOthers", "internalError"];

/** A lock that was taken. With `await using` it is given back at the end of the block. */
export class Lock implements AsyncDisposable {
  readonly resource: string;
  readonly owner: string;
  readonly #store: LockStore;

  constructor(store: LockStore, resource: string, owner: string) {
    this.#store = store;
    this.resource = resource;
    this.owner = owner;
  }

  /** Releases it. Anything but `success` means that it had expired, and another owner may have held it meanwhile. */
  unlock(): Promise<UnlockStatus> {
    return this.#store.unlock(this.resource, this.owner);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unlock();
  }
}

/** A lock component. */
export class LockStore {
  readonly #base: { store?: string };

  constructor(name?: string) {
    this.#base = name === undefined ? {} : { store: requireName("lock", "name", name) };
  }

  /** Takes the lock, or resolves to null at once if it is held. All functions share the names of resources. */
  async tryLock(resource: string, options: LockOptions): Promise<Lock | null> {
    const where = "lock.tryLock";
    checkResource(where, resource);
    if (options === null || typeof options !== "object") {
      throw new TypeError(`${where}: options must be an object { expiry, owner? }, not ${describe(options)}`);
    }
    const expirySeconds = optionalSeconds(where, "options.expiry", options.expiry);
    if (expirySeconds === undefined) {
      throw new TypeError(
        `${where}: options.expiry is missing: a lock needs an end in case its owner does not reach it`,
      );
    }
    const owner = requireName(where, "options.owner", options.owner ?? crypto.randomUUID());
    const { head } = await call(where, { ...this.#base, resource, owner, expirySeconds });
    return (head as { success: boolean }).success ? new Lock(this, resource, owner) : null;
  }

  /** Gives back a lock of that owner; for a lock that was taken elsewhere. */
  async unlock(resource: string, owner: string): Promise<UnlockStatus> {
    const where = "lock.unlock";
    checkResource(where, resource);
    requireName(where, "owner", owner);
    const { head } = await call(where, { ...this.#base, resource, owner });
    return STATUSES[(head as { status: number }).status] ?? "internalError";
  }
}

/** The lock component of that name (`lockstore` when absent). */
export function lock(name?: string): LockStore {
  return new LockStore(name);
}

function checkResource(where: string, resource: unknown): void {
  if (requireName(where, "resource", resource).includes("||")) {
    throw new TypeError(`${where}: resource must not contain "||", which Dapr reserves`);
  }
}
