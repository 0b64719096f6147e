// Failures as the host reports them: codes, words and statuses. `internal/call.ts` turns those of operations into the SDK's classes.

/** Why an operation failed. */
export interface Failure extends Error {
  readonly code: string;
  readonly details?: unknown;
}

/** An Error with a code. */
export function failure(code: string, message: string, details?: unknown): Failure {
  return Object.assign(new Error(message), { code, ...(details !== undefined && { details }) });
}

/** An argument that the host refuses. */
export function invalid(message: string): Failure {
  return failure("INVALID_ARGUMENT", message);
}

export function unknownOperation(op: string): Failure {
  return failure("UNKNOWN_OPERATION", `no capability serves the operation "${op}"`);
}

/** A component that does not exist, with the ones that do. `what` is a subject with its verb, such as `state store x is`. */
export function noComponent(code: string, what: string, names: Iterable<string>): Failure {
  const [first, ...more] = [...names].sort().map((name) => JSON.stringify(name));
  let there = `are ${[first, ...more].join(", ")}`;
  if (more.length === 0) there = first === undefined ? "is none" : `is one, named ${first}`;
  return failure(code, `${what} not found; without a Dapr sidecar there ${there}`);
}

/** An upload that the host would refuse. */
export class UploadError extends TypeError {
  /** The status of the host's answer. */
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}
