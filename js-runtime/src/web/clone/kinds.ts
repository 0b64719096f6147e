// StructuredSerialize and StructuredDeserialize in one walk (HTML Standard §2.7.3, §2.7.6), by the kinds of values.
import { apply, getOwnPropertyDescriptor, getterOf, isError, ownKeys } from "../../js/primordials.js";
import { copyOfKey, isCryptoKey } from "../crypto/key.js";
import { DOMException, isDOMException } from "../exception/exception.js";
import { isArrayBuffer, isShared } from "../webidl/webidl.js";

export const dataClone = (message: string): DOMException => new DOMException(message, "DataCloneError");

type Check = (this: unknown) => unknown;
const branded =
  (check: Check) =>
  (value: unknown): boolean => {
    try {
      apply(check, value, []);
      return true;
    } catch {
      return false;
    }
  };
const method = (prototype: object, name: string): Check => Reflect.get(prototype, name) as Check;

const isMap = branded(getterOf(Map.prototype, "size")) as (value: unknown) => value is Map<unknown, unknown>;
const isSet = branded(getterOf(Set.prototype, "size")) as (value: unknown) => value is Set<unknown>;
const isDate = branded(method(Date.prototype, "getTime")) as (value: unknown) => value is Date;
const sourceOf = branded(getterOf(RegExp.prototype, "source"));
const isRegExp = (value: unknown): value is RegExp => value !== RegExp.prototype && sourceOf(value);
/** Objects of primitive values, which are cloned with their value alone. */
const WRAPPERS = [Boolean, Number, BigInt, String].map((Class) => {
  const valueOf = method(Class.prototype, "valueOf");
  return { is: branded(valueOf), valueOf };
});
const isSymbolObject = branded(method(Symbol.prototype, "valueOf"));
const weak = (prototype: object) => {
  const has = method(prototype, "has") as (this: unknown, key: object) => unknown;
  return branded(function () {
    return apply(has, this, [{}]);
  });
};
const isWeakMap = weak(WeakMap.prototype);
const isWeakSet = weak(WeakSet.prototype);
const isWeakRef = branded(method(WeakRef.prototype, "deref"));
const tagOf = (value: object): string => Object.prototype.toString.call(value).slice(8, -1);
const isPromise = (value: object): boolean => tagOf(value) === "Promise" && value instanceof Promise;

const ERRORS: Record<string, ErrorConstructor> = {
  __proto__: null as never,
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};
type ViewClass = new (buffer: ArrayBufferLike, offset: number, length: number) => ArrayBufferView;
const VIEWS: Record<string, ViewClass> = {
  __proto__: null as never,
  DataView,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float16Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
};
/** Interfaces of the platform whose objects cannot be cloned. */
const PLATFORM = [
  "Event",
  "EventTarget",
  "AbortSignal",
  "AbortController",
  "Headers",
  "Request",
  "Response",
  "URL",
  "URLSearchParams",
  "TextEncoder",
  "TextDecoder",
  "ReadableStream",
  "WritableStream",
  "TransformStream",
  "Crypto",
  "SubtleCrypto",
  "Performance",
];
const isPlatform = (value: object): boolean =>
  PLATFORM.some((name) => {
    const Class: unknown = Reflect.get(globalThis, name);
    return typeof Class === "function" && value instanceof Class;
  });

interface Walk {
  /** Objects that have been met, with their clones. */
  seen: Map<object, unknown>;
  /** Transferred buffers, with what takes their place. */
  moved: Map<object, unknown>;
}

const cloneBuffer = (value: ArrayBuffer): ArrayBuffer => {
  if (value.detached) throw dataClone("a detached ArrayBuffer cannot be cloned");
  if (!value.resizable) return value.slice(0);
  const copy = new ArrayBuffer(value.byteLength, { maxByteLength: value.maxByteLength });
  new Uint8Array(copy).set(new Uint8Array(value));
  return copy;
};

const cloneView = (value: ArrayBufferView, walk: Walk): ArrayBufferView => {
  const buffer = clone(value.buffer, walk) as ArrayBuffer;
  const isDataView = value instanceof DataView;
  const Class = VIEWS[isDataView ? "DataView" : tagOf(value)] as ViewClass;
  return new Class(buffer, value.byteOffset, isDataView ? value.byteLength : (value as Uint8Array).length);
};

const cloneError = (value: Error, walk: Walk): Error => {
  const { name: given } = value as { name?: unknown };
  const name = given === undefined ? "Error" : `${given as string}`;
  const copy = new (ERRORS[name] ?? Error)();
  walk.seen.set(value, copy);
  const give = (key: string, item: unknown): void => {
    Object.defineProperty(copy, key, { value: item, writable: true, configurable: true });
  };
  const message = getOwnPropertyDescriptor(value, "message");
  if (message && "value" in message) give("message", `${message.value}`);
  const stack = getOwnPropertyDescriptor(value, "stack");
  if (stack && typeof stack.value === "string") give("stack", stack.value);
  const cause = getOwnPropertyDescriptor(value, "cause");
  if (cause && "value" in cause) give("cause", clone(cause.value, walk));
  return copy;
};

/** Values without references to others; `undefined` for the rest. */
const cloneLeaf = (value: object): object | undefined => {
  if (isCryptoKey(value)) return copyOfKey(value);
  const wrapper = WRAPPERS.find(({ is }) => is(value));
  if (wrapper) return Object(apply(wrapper.valueOf, value, [])) as object;
  if (isSymbolObject(value)) throw dataClone("a Symbol object cannot be cloned");
  if (isDate(value)) return new Date(Date.prototype.getTime.call(value));
  if (isRegExp(value)) return new RegExp(value.source, value.flags);
  if (isShared(value)) throw dataClone("a SharedArrayBuffer cannot be cloned");
  if (isArrayBuffer(value)) return cloneBuffer(value);
  if (isDOMException(value)) return new DOMException(value.message, value.name);
  return undefined;
};

const cloneCollection = (value: object, walk: Walk): object | undefined => {
  if (isMap(value)) {
    const copy = new Map<unknown, unknown>();
    walk.seen.set(value, copy);
    for (const [key, item] of [...Map.prototype.entries.call(value)]) copy.set(clone(key, walk), clone(item, walk));
    return copy;
  }
  if (!isSet(value)) return undefined;
  const copy = new Set<unknown>();
  walk.seen.set(value, copy);
  for (const item of [...Set.prototype.values.call(value)]) copy.add(clone(item, walk));
  return copy;
};

const cloneObject = (value: object, walk: Walk): object => {
  if (isWeakMap(value) || isWeakSet(value) || isWeakRef(value) || isPromise(value) || isPlatform(value)) {
    throw dataClone(`${tagOf(value)} objects cannot be cloned`);
  }
  const copy: object = Array.isArray(value) ? new Array(value.length) : {};
  walk.seen.set(value, copy);
  for (const key of ownKeys(value)) {
    if (typeof key === "symbol" || !getOwnPropertyDescriptor(value, key)?.enumerable) continue;
    const item = clone(Reflect.get(value, key), walk);
    Object.defineProperty(copy, key, { value: item, writable: true, enumerable: true, configurable: true });
  }
  return copy;
};

const clone = (value: unknown, walk: Walk): unknown => {
  if (typeof value === "symbol") throw dataClone("a symbol cannot be cloned");
  if (typeof value === "function") throw dataClone(`${value.name || "a function"} cannot be cloned`);
  if (typeof value !== "object" || value === null) return value;
  const { seen, moved } = walk;
  if (seen.has(value)) return seen.get(value);
  const known =
    moved.get(value) ?? cloneLeaf(value) ?? (ArrayBuffer.isView(value) ? cloneView(value, walk) : undefined);
  if (known !== undefined) {
    seen.set(value, known);
    return known;
  }
  return cloneCollection(value, walk) ?? (isError(value) ? cloneError(value, walk) : cloneObject(value, walk));
};

/** Clones a value; `moved` says what takes the place of transferred buffers. */
export const cloneOf = (value: unknown, moved: Map<object, unknown>): unknown =>
  clone(value, { seen: new Map(), moved });
