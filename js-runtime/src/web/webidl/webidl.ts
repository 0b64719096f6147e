// What Web IDL asks of every interface: conversions, required arguments, the attributes of properties.
//
// A brand is a private field: reading it throws a TypeError for an object of another kind.
import {
  apply,
  charCodeAt,
  defineProperty,
  deleteProperty,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  getterOf,
  isView,
  isWellFormed,
  ownKeys,
  setHas,
  toWellFormed,
} from "../../js/primordials.js";
import type { Bytes } from "daplet:natives";

/** The string with lone surrogates replaced. */
export const usvString = (value: unknown): string => {
  const text = `${value as string}`;
  return apply(isWellFormed, text, []) ? text : apply(toWellFormed, text, []);
};

export const byteString = (value: unknown, what: string): string => {
  const text = `${value as string}`;
  for (let i = 0; i < text.length; i++) {
    if (apply(charCodeAt, text, [i]) > 255) throw new TypeError(`${what} has a character above U+00FF at ${i}`);
  }
  return text;
};

export const unsignedShort = (value: unknown): number => (Number(value) || 0) & 0xffff;

/** `[Clamp] long long` */
export const clamp = (value: unknown): number => {
  const number = Number(value);
  if (Number.isNaN(number)) return 0;
  const bounded = Math.min(Math.max(number, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
  // Halves go to the even neighbour.
  const rounded = Math.round(bounded);
  return Math.abs(bounded % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded + 0;
};

/** `[EnforceRange] unsigned long long` */
export const enforceRange = (value: unknown, what: string): number => {
  const number = Number(value);
  if (!(Math.abs(number) <= Number.MAX_SAFE_INTEGER) || Math.trunc(number) < 0) {
    throw new TypeError(`${what} is out of range`);
  }
  return Math.trunc(number);
};

/** Without a prototype: what a developer's code puts on `Object.prototype` is not a member. */
const EMPTY = Object.freeze({ __proto__: null });
/** A dictionary's members are read by the caller, who converts them. */
export const dictionary = <T extends object>(
  value: T | null | undefined,
  what: string,
): { [K in keyof T]?: unknown } => {
  if (value === undefined || value === null) return EMPTY;
  if (typeof value !== "object" && typeof value !== "function") throw new TypeError(`${what} must be an object`);
  return value;
};

export const required = (count: number, needed: number, what: string): void => {
  if (count < needed) {
    throw new TypeError(`${what}: ${needed} argument${needed > 1 ? "s" : ""} required, but only ${count} present`);
  }
};

/** A sequence: anything iterable, each element converted. */
export const sequence = <T>(value: Iterable<unknown>, convert: (item: unknown) => T): T[] => {
  const list: T[] = [];
  for (const item of value) list.push(convert(item));
  return list;
};

export const callable = (value: unknown): value is (...list: unknown[]) => unknown => typeof value === "function";

/** Prototypes of the platform's interfaces. */
const interfaces = new Set<object>();
/** Whether the value is an object of the platform: those can only be cloned where their standard says so. */
export const isPlatformObject = (value: object): boolean => {
  for (let each = getPrototypeOf(value); each !== null; each = getPrototypeOf(each)) {
    if (setHas(interfaces, each)) return true;
  }
  return false;
};

const tag = (prototype: object, name: string): void => {
  defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true });
};

/** Installs an interface object: a global that is not enumerable, with members that are. */
export const install = (name: string, Class: { prototype: object }, length?: number): void => {
  for (const object of [Class, Class.prototype]) {
    for (const key of ownKeys(object)) {
      if (typeof key === "symbol" || ["constructor", "prototype", "length", "name"].includes(key)) continue;
      defineProperty(object, key, { ...getOwnPropertyDescriptor(object, key), enumerable: true });
    }
  }
  tag(Class.prototype, name);
  interfaces.add(Class.prototype);
  if (length !== undefined) defineProperty(Class, "length", { value: length, configurable: true });
  defineProperty(globalThis, name, { value: Class, writable: true, configurable: true, enumerable: false });
};

/** Installs constants of an interface, on the interface object and its prototype. */
export const installConstants = (Class: { prototype: object }, constants: Record<string, number>): void => {
  for (const [name, value] of Object.entries(constants)) {
    for (const object of [Class, Class.prototype]) Object.defineProperty(object, name, { value, enumerable: true });
  }
};

/** Installs operations of the global object itself: enumerable, as on a global scope. */
export const installFunctions = (functions: object): void => {
  for (const name of ownKeys(functions)) {
    const value: unknown = Reflect.get(functions, name);
    defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: true });
  }
};

/** Installs a read-only attribute of the global object that scripts may replace, such as `crypto`. */
export const installAttribute = (name: string, value: unknown): void => {
  const get = (): unknown => value;
  defineProperty(get, "name", { value: `get ${name}`, configurable: true });
  const set = function (replacement: unknown): void {
    defineProperty(globalThis, name, { value: replacement, writable: true, configurable: true, enumerable: true });
  };
  defineProperty(set, "name", { value: `set ${name}`, configurable: true });
  defineProperty(globalThis, name, { get, set, configurable: true, enumerable: true });
};

type IteratorKind = "keys" | "values" | "entries";

const IteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())) as object;

/** Makes the iterators of an interface. `entries` is asked at each step: the standard's iterables may change meanwhile. */
export const pairIterator = <T, V = string>(
  name: string,
  entries: (target: T) => readonly (readonly [string, V])[],
): ((target: T, kind: IteratorKind) => Iterator<unknown>) => {
  class PairIterator implements Iterator<unknown> {
    readonly #target: T;
    readonly #kind: IteratorKind;
    #index = 0;
    constructor(target: T, kind: IteratorKind) {
      this.#target = target;
      this.#kind = kind;
    }
    next(): IteratorResult<unknown> {
      const pair = entries(this.#target)[this.#index];
      if (pair === undefined) return { value: undefined, done: true };
      this.#index++;
      if (this.#kind === "entries") return { value: [pair[0], pair[1]], done: false };
      return { value: this.#kind === "keys" ? pair[0] : pair[1], done: false };
    }
  }
  const { prototype } = PairIterator;
  deleteProperty(prototype, "constructor");
  defineProperty(prototype, "next", { enumerable: true });
  Object.setPrototypeOf(prototype, IteratorPrototype);
  tag(prototype, `${name} Iterator`);
  return (target, kind) => new PairIterator(target, kind);
};

const branded =
  (check: (this: unknown) => unknown) =>
  (value: unknown): boolean => {
    if (typeof value !== "object" || value === null) return false;
    try {
      apply(check, value, []);
      return true;
    } catch {
      return false;
    }
  };
export const isArrayBuffer = branded(getterOf(ArrayBuffer.prototype, "byteLength")) as (
  value: unknown,
) => value is ArrayBuffer;
export const isShared = branded(getterOf(SharedArrayBuffer.prototype, "byteLength"));

const viewName = getterOf<string | undefined>(
  Reflect.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
);
export const isUint8Array = (value: unknown): value is Bytes => apply(viewName, value, []) === "Uint8Array";

/** The bytes of a BufferSource as a view on them; `undefined` for anything else. */
export const bytesOf = (value: unknown): Bytes | undefined => {
  const buffer = isView(value) ? value.buffer : value;
  if (!isArrayBuffer(buffer) && !isShared(buffer)) return undefined;
  // A transferred buffer has no bytes, and no view can be made of it.
  if ((buffer as ArrayBuffer).detached) return new Uint8Array();
  return isView(value)
    ? new Uint8Array(buffer as ArrayBuffer, value.byteOffset, value.byteLength)
    : new Uint8Array(buffer as ArrayBuffer);
};
