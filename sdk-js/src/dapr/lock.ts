// `client.lock` of `@dapr/dapr` over Daplet's operations.
import type { LockStatus } from "./enums.js";
import { daprError, type Operate, type Table } from "./error.js";

export class Lock {
  readonly #operate: Operate;

  constructor(operate: Operate) {
    this.#operate = operate;
  }

  async lock(
    storeName: string,
    resourceId: string,
    lockOwner: string,
    expiryInSeconds: number,
  ): Promise<{ success: boolean }> {
    const args = { store: storeName, resource: resourceId, owner: lockOwner, expirySeconds: expiryInSeconds };
    return { success: (await this.#run<{ success: boolean }>("lock.tryLock", args, "ERR_TRY_LOCK")).success };
  }

  async unlock(storeName: string, resourceId: string, lockOwner: string): Promise<{ status: LockStatus }> {
    const args = { store: storeName, resource: resourceId, owner: lockOwner };
    return { status: (await this.#run<{ status: LockStatus }>("lock.unlock", args, "ERR_UNLOCK")).status };
  }

  async #run<T>(op: string, args: object, failed: string): Promise<T> {
    const table: Table = {
      NOT_FOUND: [400, "ERR_LOCK_STORE_NOT_FOUND"],
      UNAVAILABLE: [500, failed],
      INTERNAL: [500, failed],
    };
    try {
      return (await this.#operate(op, args)).head as T;
    } catch (error) {
      throw daprError(error, table);
    }
  }
}
