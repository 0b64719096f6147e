// Checks of arguments and the two encodings that capabilities share: JSON text and base64.

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Bytes as text; throws on bytes that are no UTF-8. */
export function decodeText(bytes: ArrayBuffer | Uint8Array): string {
  return utf8.decode(bytes);
}

/** `value` itself when it is a string with something in it. `where` names the call, such as `state.put`. */
export function requireName(where: string, argument: string, value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`${where}: ${argument} must be a string, not ${describe(value)}`);
  if (value === "") throw new TypeError(`${where}: ${argument} must not be empty`);
  return value;
}

/** Undefined, or a whole number of seconds of at least 1. */
export function optionalSeconds(where: string, argument: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 1) {
    throw new TypeError(
      `${where}: ${argument} must be a whole number of seconds of at least 1, not ${describe(value)}`,
    );
  }
  return value;
}

/** The bytes of an ArrayBuffer or of a view on one, without a copy; undefined for anything else. */
export function asBytes(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return undefined;
}

/** JSON text of `value`; a TypeError that says what to do if JSON would silently lose the value. */
export function toJson(where: string, argument: string, value: unknown): string {
  const fail = (why: string) => new TypeError(`${where}: ${argument} ${why}`);
  switch (typeof value) {
    case "undefined":
      throw fail("is undefined, which JSON cannot hold. Use null for 'nothing'");
    case "function":
    case "symbol":
      throw fail(`is ${describe(value)}, which JSON cannot hold`);
    case "object":
      if (value instanceof Promise) throw fail("is a Promise. Await it first");
      if (value instanceof Map || value instanceof Set) {
        throw fail(`is a ${value.constructor.name}, which JSON would turn into {}. Spread it into an array first`);
      }
      if (asBytes(value) !== undefined)
        throw fail("is binary, which JSON cannot hold. Encode it first, e.g. as base64");
  }
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    if (findLeaf(value, (leaf) => typeof leaf === "bigint")) {
      throw fail("holds a BigInt, which JSON cannot hold. Convert it with Number() or String() first");
    }
    throw fail(`cannot be written as JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (text === undefined) throw fail("has a toJSON() that returns undefined");
  // JSON writes NaN and Infinity as null. Looking for them costs a second pass, so only when there is a null at all.
  if (text.includes("null") && findLeaf(value, (leaf) => typeof leaf === "number" && !Number.isFinite(leaf))) {
    throw fail("holds NaN or Infinity, which JSON would turn into null. Store null or a string instead");
  }
  return text;
}

/** Whether a leaf that JSON would visit passes `test`. Cycles end the search. */
function findLeaf(value: unknown, test: (leaf: unknown) => boolean): boolean {
  let found = false;
  try {
    JSON.stringify(value, (_key, leaf: unknown) => {
      if (test(leaf)) {
        found = true;
        return null;
      }
      return leaf;
    });
  } catch {
    // A cycle: what was found before it counts.
  }
  return found;
}

/** Base64 of bytes; in pieces, since the arguments of one call must fit the stack. */
export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.length; i += 4096) binary += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return btoa(binary);
}

/** A value for an error message. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
    case "boolean":
      return String(value);
    case "object":
      return Array.isArray(value) ? "an array" : "an object";
    case "undefined":
      return "undefined";
    default:
      return `a ${typeof value}`;
  }
}
