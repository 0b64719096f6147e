// Bodies and completions of operations, as they cross the boundary of the SDK.
import type { Body, Completion } from "../internal/call.js";

/** A completion whose body is text or bytes. */
export function completion(head: object, body: string | Uint8Array = ""): Completion {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  // A copy even of a Buffer, whose `slice` would show the pool that it lies in.
  return { head, body: new Uint8Array(bytes).buffer };
}

/** The body of an operation that carries JSON. */
export function textOf(body: Body): string {
  return typeof body === "string" ? body : new TextDecoder().decode(body ?? undefined);
}

/** The body of an operation as bytes of its own. */
export function bytesOf(body: Body): Uint8Array {
  if (body === null) return new Uint8Array();
  return typeof body === "string" ? new TextEncoder().encode(body) : new Uint8Array(body.slice(0));
}

/** A value as JSON gives it back. */
export function copy<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}
