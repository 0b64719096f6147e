// Every way in which the world can refuse. Wrong arguments are TypeErrors and never get here.
import { OperationCode } from "./internal/abi.js";

/** An operation failed. `code` is Daplet's or Dapr's own (`ERR_…`); `details` is whatever more the host knew. */
export class DapletError extends Error {
  readonly code: string;
  readonly details: unknown;

  constructor(code: string, message: string, details?: unknown) {
    super(message);
    this.code = code;
    this.details = details;
  }

  override get name(): string {
    return "DapletError";
  }
}

/** The value has changed since its ETag was read, or a first write found a value. */
export class EtagMismatchError extends DapletError {
  override get name(): string {
    return "EtagMismatchError";
  }
}

/** The named store, broker or app does not exist. A missing key is no error: it reads as null. */
export class NotFoundError extends DapletError {
  override get name(): string {
    return "NotFoundError";
  }
}

/** The function holds no grant for what it asked. */
export class PermissionDeniedError extends DapletError {
  override get name(): string {
    return "PermissionDeniedError";
  }
}

/** A store, broker or app did not answer. Trying again later may help. Code `sidecarUnavailable`: the Dapr sidecar itself. */
export class UnavailableError extends DapletError {
  override get name(): string {
    return "UnavailableError";
  }
}

/** An operation was started at the module's top level, which runs once, before any request. Start it in a handler. */
export class LoadTimeError extends DapletError {
  override get name(): string {
    return "LoadTimeError";
  }
}

const classes: Record<string, typeof DapletError> = {
  __proto__: null as never,
  [OperationCode.EtagMismatch]: EtagMismatchError,
  [OperationCode.UnitConflict]: EtagMismatchError,
  [OperationCode.NotFound]: NotFoundError,
  ERR_STATE_STORE_NOT_FOUND: NotFoundError,
  ERR_PUBSUB_NOT_FOUND: NotFoundError,
  ERR_SECRET_STORE_NOT_FOUND: NotFoundError,
  ERR_CONFIGURATION_STORE_NOT_FOUND: NotFoundError,
  ERR_LOCK_STORE_NOT_FOUND: NotFoundError,
  ERR_CRYPTO_PROVIDER_NOT_FOUND: NotFoundError,
  [OperationCode.PermissionDenied]: PermissionDeniedError,
  ERR_PUBSUB_FORBIDDEN: PermissionDeniedError,
  ERR_PERMISSION_DENIED: PermissionDeniedError,
  [OperationCode.Unavailable]: UnavailableError,
  [OperationCode.SidecarUnavailable]: UnavailableError,
  [OperationCode.UnavailableDuringLoad]: LoadTimeError,
};

/** The typed form of what a transport rejected with; anything without a code is passed on as it is. */
export function typedError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DapletError) return error;
  const { code, details } = error as Error & { code?: unknown; details?: unknown };
  if (typeof code !== "string") return error;
  return new (classes[code] ?? DapletError)(code, error.message, details);
}
