// The language's own functions as they are before a developer's code can replace them. What runs during an invocation and must not
// depend on the global object takes them from here.
export const { defineProperty, deleteProperty, getOwnPropertyDescriptor, getPrototypeOf, has, ownKeys } = Reflect;
export const { create, freeze, keys } = Object;
export const { captureStackTrace, isError } = Error;
export const { isArray } = Array;
export const { isView } = ArrayBuffer;
export const { isWellFormed, toWellFormed, charCodeAt, slice } = String.prototype;
export const { toString: symbolToString } = Symbol.prototype;
export const objectPrototype: unknown = Object.prototype;
export const promisePrototype: unknown = Promise.prototype;
export const NativePromise = Promise;
export const NativeError = Error;
export const NativeTypeError = TypeError;
export const NativeUint8Array = Uint8Array;
export const NativeArrayBuffer = ArrayBuffer;

export const apply = Reflect.apply as <T, A extends readonly unknown[], R>(
  target: (this: T, ...list: A) => R,
  self: T,
  list: Readonly<A>,
) => R;

export const parse = JSON.parse as (text: string) => unknown;
/** `undefined` for a value that JSON cannot express. */
export const stringify = JSON.stringify as (value: unknown) => string | undefined;
/** The same for a string, which JSON can always express. */
export const quote = JSON.stringify as (text: string) => string;

export const then = Promise.prototype.then as (
  this: Promise<unknown>,
  fulfilled: (value: unknown) => void,
  rejected: (reason: unknown) => void,
) => unknown;

/** The function behind an accessor. */
export const getterOf = <R>(prototype: object, name: PropertyKey): ((this: unknown) => R) =>
  getOwnPropertyDescriptor(prototype, name)?.get as (this: unknown) => R;

const { has: SetHas } = Set.prototype;
export const setHas = <T>(set: Set<T>, value: T): boolean => apply(SetHas, set, [value]);

const { get: MapGet, set: MapSet, delete: MapDelete, forEach: MapForEach } = Map.prototype;
const MapSize = getterOf<number>(Map.prototype, "size");
export const mapGet = <K, V>(map: Map<K, V>, key: K): V | undefined => apply(MapGet, map, [key]) as V | undefined;
export const mapSet = <K, V>(map: Map<K, V>, key: K, value: V): void => {
  apply(MapSet, map, [key, value]);
};
export const mapDelete = <K, V>(map: Map<K, V>, key: K): boolean => apply(MapDelete, map, [key]);
export const mapSize = <K, V>(map: Map<K, V>): number => apply(MapSize, map, []);
export const mapForEach = <K, V>(map: Map<K, V>, visit: (value: V, key: K) => void): void => {
  apply(MapForEach, map, [visit]);
};

const { get: WeakGet, set: WeakSet, delete: WeakDelete } = WeakMap.prototype;
export const weakGet = <K extends object, V>(map: WeakMap<K, V>, key: K): V | undefined =>
  apply(WeakGet, map, [key]) as V | undefined;
export const weakSet = <K extends object, V>(map: WeakMap<K, V>, key: K, value: V): void => {
  apply(WeakSet, map, [key, value]);
};
export const weakDelete = <K extends object, V>(map: WeakMap<K, V>, key: K): boolean => apply(WeakDelete, map, [key]);
