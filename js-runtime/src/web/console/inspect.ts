// A readable text for any value, as the console shows it. Never runs getters, never throws.
import { isDOMException } from "../exception/exception.js";
import { Request } from "../fetch/request.js";
import { Response } from "../fetch/response.js";
import { type Headers, isHeaders } from "../headers/headers.js";
import { isLocked, isStream } from "../streams/read.js";
import { isOfStreams } from "../streams/streams.js";
import { URL } from "../url/url.js";

const MAX_DEPTH = 4;
const MAX_ITEMS = 100;
const MAX_TEXT = 10_000;

export const safe = <T>(read: () => T, otherwise: T): T => {
  try {
    return read();
  } catch {
    return otherwise;
  }
};
const quote = (text: string): string => JSON.stringify(text);
const key = (name: string | symbol): string => {
  if (typeof name === "symbol") return `[${String(name)}]`;
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name);
};

type Show = (value: unknown) => string;

const limited = <T>(items: readonly T[], render: (item: T) => string): string => {
  const shown = items.slice(0, MAX_ITEMS).map((item) => render(item));
  if (items.length > MAX_ITEMS) shown.push(`… ${items.length - MAX_ITEMS} more`);
  return shown.join(", ");
};

const inspectFunction = (value: { name: unknown }): string => {
  const text = safe(() => Function.prototype.toString.call(value), "");
  return `[${/^class\b/.test(text) ? "class" : "Function"}${value.name ? `: ${value.name as string}` : ""}]`;
};

export const inspect = (value: unknown, depth = 0, seen: readonly object[] = []): string => {
  switch (typeof value) {
    case "string":
      return depth === 0 ? value : quote(value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}…` : value);
    case "bigint":
      return `${value}n`;
    case "symbol":
      return value.toString();
    case "function":
      return inspectFunction(value);
    case "object":
      return value === null ? "null" : safe(() => inspectObject(value, depth, seen), "[object]");
    default:
      return Object.is(value, -0) ? "-0" : `${value as number | boolean | undefined}`;
  }
};

const inspectError = (value: Error, depth: number, seen: readonly object[]): string => {
  const head = safe(() => `${value.name}: ${value.message}`, "Error");
  const stack = safe((): unknown => value.stack, undefined);
  const cause = safe(
    () => (value.cause === undefined ? "" : `\n  cause: ${inspect(value.cause, depth + 1, [...seen, value])}`),
    "",
  );
  // A stack begins with the name and message that the error had when it was first read.
  return `${typeof stack === "string" && stack !== "" ? stack : head}${cause}`;
};

/** Objects of the language and the platform whose contents are not properties; `undefined` for others. */
const inspectBuiltIn = (value: object, name: string | undefined, show: Show): string | undefined => {
  if (Array.isArray(value)) return `[${limited(value as unknown[], show)}]`;
  if (value instanceof Date) return safe(() => value.toISOString(), "Invalid Date");
  if (value instanceof RegExp) return String(value);
  if (value instanceof Map) {
    return `Map(${value.size}) {${limited([...value], ([k, v]) => `${show(k)} => ${show(v)}`)}}`;
  }
  if (value instanceof Set) return `Set(${value.size}) {${limited([...value], show)}}`;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    const array = value as Uint8Array;
    return `${name}(${array.length}) [${limited([...array.subarray(0, MAX_ITEMS + 1)], show)}]`;
  }
  if (value instanceof ArrayBuffer) return `ArrayBuffer(${value.byteLength})`;
  if (value instanceof Promise) return "Promise {}";
  if (isHeaders(value)) {
    const pairs = [...(value as Headers & Iterable<[string, string]>)];
    return `Headers {${limited(pairs, ([k, v]) => `${k}: ${quote(v)}`)}}`;
  }
  if (isOfStreams(value)) return `${name} {${isStream(value) ? `locked: ${isLocked(value)}` : ""}}`;
  if (value instanceof URL) return `URL ${quote(value.href)}`;
  if (value instanceof Request) return `Request {method: ${quote(value.method)}, url: ${quote(value.url)}}`;
  if (value instanceof Response) return `Response {status: ${value.status}}`;
  return undefined;
};

const inspectObject = (value: object, depth: number, seen: readonly object[]): string => {
  if (seen.includes(value)) return "[Circular]";
  if (value instanceof Error || isDOMException(value)) return inspectError(value, depth, seen);
  const name = safe(() => (Object.getPrototypeOf(value) as object | null)?.constructor.name, "");
  if (depth >= MAX_DEPTH) return Array.isArray(value) ? "[Array]" : `[${name || "Object"}]`;
  const inner = [...seen, value];
  const show: Show = (item) => inspect(item, depth + 1, inner);
  const known = inspectBuiltIn(value, name, show);
  if (known !== undefined) return known;
  const keys = Reflect.ownKeys(value).filter((k) => Object.getOwnPropertyDescriptor(value, k)?.enumerable);
  const entries = limited(keys, (k) => {
    const descriptor = Object.getOwnPropertyDescriptor(value, k) ?? {};
    return `${key(k)}: ${"value" in descriptor ? show(descriptor.value) : "[Getter]"}`;
  });
  const prefix = name && name !== "Object" && name !== "Array" ? `${name} ` : "";
  return `${prefix}{${entries}}`;
};
