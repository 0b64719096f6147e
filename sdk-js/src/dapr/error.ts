// Failures in the form of Dapr's HTTP API, which scripts written for `@dapr/dapr` expect.
import type { Body, Completion } from "../internal/call.js";

/** Where an operation goes; set by the guest's build. */
export type Operate = (op: string, args: object, body?: Body) => Promise<Completion>;

/** What the client throws or returns: the message is the official client's, the fields repeat its content. */
export class DaprError extends Error {
  readonly status: number;
  readonly errorCode: string;
  readonly details: unknown;

  constructor(status: number, errorCode: string, message: string, details?: unknown) {
    super(text(status, JSON.stringify({ errorCode, message })));
    this.status = status;
    this.errorCode = errorCode;
    this.details = details;
  }

  override get name(): string {
    return "DaprError";
  }
}

/** An answer without success, with the official client's message. */
export function text(status: number, body: string): string {
  return JSON.stringify({ error: PHRASES[status] ?? "", error_msg: body, status });
}

const PHRASES: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  409: "Conflict",
  413: "Request Entity Too Large",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** Status and `errorCode` for Daplet's own codes. Dapr's (`ERR_…`) are passed on. */
export type Table = Record<string, readonly [status: number, errorCode: string]>;

/** The failure of an operation as Dapr's API would have answered it. */
export function daprError(error: unknown, table: Table): unknown {
  if (!(error instanceof Error)) return error;
  const { code, details } = error as Error & { code?: unknown; details?: { status?: number } | null };
  if (typeof code !== "string") return error;
  const [status, errorCode] = table[code] ?? COMMON[code] ?? [500, code];
  return new DaprError(details?.status ?? status, errorCode, error.message, details);
}

const COMMON: Table = {
  INVALID_ARGUMENT: [400, "ERR_MALFORMED_REQUEST"],
  PERMISSION_DENIED: [403, "ERR_PERMISSION_DENIED"],
  UNKNOWN_OPERATION: [501, "ERR_NOT_SUPPORTED"],
  ERR_PUBSUB_NOT_FOUND: [404, "ERR_PUBSUB_NOT_FOUND"],
  ERR_PUBSUB_FORBIDDEN: [403, "ERR_PUBSUB_FORBIDDEN"],
};
