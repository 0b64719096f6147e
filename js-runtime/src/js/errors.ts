// Whatever a developer's code throws, as text. Every access is guarded: a getter, a proxy or a replaced global must not hide the error.
import {
  apply,
  defineProperty,
  deleteProperty,
  getOwnPropertyDescriptor,
  NativeError,
  parse,
  quote,
  stringify,
  symbolToString,
} from "./primordials.js";

/** As the host's side reads it; see `Described` in error.rs. */
interface Described {
  name: string;
  message: string;
}

/** A chain of causes may be a circle. */
const MAX_CAUSES = 8;

const attempt = <T, U>(read: () => T, otherwise: U): T | U => {
  try {
    return read();
  } catch {
    return otherwise;
  }
};

const asText = (value: unknown): string =>
  attempt(() => {
    if (typeof value === "string") return value;
    return typeof value === "symbol" ? apply(symbolToString, value, []) : `${value as string}`;
  }, "");

/** Runs `read` with stacks as the engine writes them, whatever the function lets `Error.prepareStackTrace` make of one. */
const plainly = <T>(read: () => T): T => {
  const prepare = attempt(() => getOwnPropertyDescriptor(NativeError, "prepareStackTrace"), undefined);
  if (prepare === undefined) return read();
  attempt(() => deleteProperty(NativeError, "prepareStackTrace"), undefined);
  try {
    return read();
  } finally {
    attempt(() => defineProperty(NativeError, "prepareStackTrace", prepare), undefined);
  }
};

/** A member at a time: for an object, `JSON.stringify` goes through setters that a function may have put on `Array.prototype`. */
const described = (name: string, message: string, stack: string, cause: string | undefined): string =>
  `{"name":${quote(name)},"message":${quote(message)},"stack":${quote(stack)}` +
  `${cause === undefined ? "" : `,"cause":${quote(cause)}`}}`;

/** Name, message, stack and causes of a thrown value, as JSON. */
export const describe = (error: unknown, deep = true): string => {
  if ((typeof error !== "object" && typeof error !== "function") || error === null) {
    return described(error === null ? "null" : typeof error, asText(error), "", undefined);
  }
  const read = (name: string): string | undefined =>
    attempt(() => {
      const value = (error as Record<string, unknown>)[name];
      return value === undefined ? undefined : asText(value);
    }, undefined);
  const name = read("name");
  const message = read("message");
  const stack = plainly(() => read("stack"));
  const cause = deep ? attempt(() => causes(error, 0), undefined) : undefined;
  const fallback = (): string => attempt(() => stringify(error), undefined) ?? asText(error);
  return described(
    name ?? attempt(() => typeof error, "object"),
    message ?? (stack === undefined ? fallback() : ""),
    stack ?? "",
    cause,
  );
};

/** Name and message. */
export const headline = (error: unknown): string => {
  const { name, message } = parse(describe(error, false)) as Described;
  return message === "" ? name : `${name}: ${message}`;
};

/** The chain of causes on one line. */
const causes = (error: unknown, depth: number): string | undefined => {
  if (error === null || error === undefined || depth === MAX_CAUSES) return undefined;
  const { cause } = error as { cause?: unknown };
  if (cause === undefined) return undefined;
  const more = causes(cause, depth + 1);
  return `${headline(cause)}${more === undefined ? "" : `; caused by ${more}`}`;
};

/** For logs: the stack, which begins with the name and the message, and those of the causes. */
export const trace = (error: unknown, depth = 0): string => {
  const stack = attempt(() => plainly(() => (error as Error).stack), undefined);
  const cause = attempt(() => (depth === MAX_CAUSES ? undefined : (error as Error).cause), undefined);
  const own = typeof stack === "string" && stack !== "" ? stack : headline(error);
  return cause === undefined ? own : `${own}\n  cause: ${trace(cause, depth + 1)}`;
};
