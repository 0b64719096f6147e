// Lists what is on the global object beside the language: for a class, its members and those of the class itself.
const LANGUAGE = new Set(
  ("AggregateError Array ArrayBuffer AsyncDisposableStack Atomics BigInt BigInt64Array BigUint64Array Boolean DataView Date DisposableStack Error " +
    "EvalError FinalizationRegistry Float16Array Float32Array Float64Array Function Infinity Int16Array Int32Array Int8Array InternalError " +
    "Iterator JSON Map Math NaN Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set String SuppressedError Symbol " +
    "SyntaxError TypeError URIError Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet decodeURI " +
    "decodeURIComponent encodeURI encodeURIComponent escape eval globalThis isFinite isNaN parseFloat parseInt undefined unescape").split(" "),
);
const named = (key) => (typeof key === "symbol" ? `@@${key.description.replace("Symbol.", "")}` : key);
const isClass = (value) => typeof value === "function" && value.prototype !== undefined && /^[A-Z]/.test(value.name);

/** Inherited members too: types repeat some of them. */
const keys = (object) => {
  const all = new Set();
  for (let each = object; each !== null && each !== Object.prototype && each !== Function.prototype; each = Object.getPrototypeOf(each)) {
    for (const key of Reflect.ownKeys(each)) all.add(named(key));
  }
  return [...all].sort();
};

export default () => {
  const surface = {};
  const inherited = ["addEventListener", "removeEventListener", "dispatchEvent"].filter((name) => name in globalThis);
  for (const name of [...Object.getOwnPropertyNames(globalThis), ...inherited].sort()) {
    if (LANGUAGE.has(name)) continue;
    const value = globalThis[name];
    surface[name] = isClass(value) ? { members: keys(value.prototype), statics: keys(value) } : {};
  }
  return surface;
};
