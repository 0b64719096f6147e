// structuredClone (HTML Standard §2.7).
(natives, { webidl }) => {
  const { apply, getOwnPropertyDescriptor, ownKeys } = Reflect;
  const dataClone = (message) => new DOMException(message, "DataCloneError");
  const branded = (check) => (value) => { try { check(value); return true } catch { return false } };
  const call = (f) => (value) => apply(f, value, []);
  const isMap = branded(call(getOwnPropertyDescriptor(Map.prototype, "size").get));
  const isSet = branded(call(getOwnPropertyDescriptor(Set.prototype, "size").get));
  const isDate = branded(call(Date.prototype.getTime));
  const isRegExp = (value) => { try { apply(getOwnPropertyDescriptor(RegExp.prototype, "source").get, value, []); return value !== RegExp.prototype } catch { return false } };
  const isError = Error.isError ?? ((value) => value instanceof Error);
  const isBooleanObject = branded(call(Boolean.prototype.valueOf));
  const isNumberObject = branded(call(Number.prototype.valueOf));
  const isStringObject = branded(call(String.prototype.valueOf));
  const isBigIntObject = branded(call(BigInt.prototype.valueOf));
  const isSymbolObject = branded(call(Symbol.prototype.valueOf));
  const isWeakMap = branded((v) => apply(WeakMap.prototype.has, v, [{}]));
  const isWeakSet = branded((v) => apply(WeakSet.prototype.has, v, [{}]));
  const isWeakRef = branded(call(WeakRef.prototype.deref));
  const isPromise = (value) => Object.prototype.toString.call(value) === "[object Promise]" && value instanceof Promise;
  const ERRORS = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
  const PLATFORM = ["Event", "EventTarget", "AbortSignal", "AbortController", "Headers", "Request", "Response", "URL", "URLSearchParams", "TextEncoder", "TextDecoder", "Crypto", "Performance"];
  const platform = () => PLATFORM.map((name) => globalThis[name]).filter(Boolean);

  const clone = (value, seen, moved) => {
    if (typeof value === "symbol") throw dataClone("a symbol cannot be cloned");
    if (typeof value === "function") throw dataClone(`${value.name || "a function"} cannot be cloned`);
    if (typeof value !== "object" || value === null) return value;
    if (seen.has(value)) return seen.get(value);
    const remember = (copy) => { seen.set(value, copy); return copy };
    if (moved.has(value)) return remember(moved.get(value));
    if (isBooleanObject(value)) return remember(Object(Boolean.prototype.valueOf.call(value)));
    if (isNumberObject(value)) return remember(Object(Number.prototype.valueOf.call(value)));
    if (isBigIntObject(value)) return remember(Object(BigInt.prototype.valueOf.call(value)));
    if (isStringObject(value)) return remember(Object(String.prototype.valueOf.call(value)));
    if (isSymbolObject(value)) throw dataClone("a Symbol object cannot be cloned");
    if (isDate(value)) return remember(new Date(Date.prototype.getTime.call(value)));
    if (isRegExp(value)) return remember(new RegExp(value.source, value.flags));
    if (webidl.isShared(value)) throw dataClone("a SharedArrayBuffer cannot be cloned");
    if (webidl.isArrayBuffer(value)) {
      if (value.detached) throw dataClone("a detached ArrayBuffer cannot be cloned");
      if (value.resizable) {
        const copy = new ArrayBuffer(value.byteLength, { maxByteLength: value.maxByteLength });
        new Uint8Array(copy).set(new Uint8Array(value));
        return remember(copy);
      }
      return remember(value.slice(0));
    }
    if (ArrayBuffer.isView(value)) {
      const buffer = clone(value.buffer, seen, moved);
      const name = value instanceof DataView ? "DataView" : Object.prototype.toString.call(value).slice(8, -1);
      const Class = { DataView, Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array, Float16Array: globalThis.Float16Array }[name];
      return remember(new Class(buffer, value.byteOffset, name === "DataView" ? value.byteLength : value.length));
    }
    if (isMap(value)) {
      const copy = remember(new Map()), entries = [...Map.prototype.entries.call(value)];
      for (const [key, item] of entries) copy.set(clone(key, seen, moved), clone(item, seen, moved));
      return copy;
    }
    if (isSet(value)) {
      const copy = remember(new Set()), items = [...Set.prototype.values.call(value)];
      for (const item of items) copy.add(clone(item, seen, moved));
      return copy;
    }
    if (webidl.isDOMException(value)) {
      const copy = remember(new DOMException(value.message, value.name));
      return copy;
    }
    if (isError(value)) {
      const name = value.name === undefined ? "Error" : `${value.name}`;
      const Class = Object.hasOwn(ERRORS, name) ? ERRORS[name] : Error;
      const message = getOwnPropertyDescriptor(value, "message");
      const copy = remember(Object.create(Class.prototype));
      const fresh = new Class();
      seen.set(value, fresh);
      if (message && "value" in message) Object.defineProperty(fresh, "message", { value: `${message.value}`, writable: true, configurable: true });
      const stack = getOwnPropertyDescriptor(value, "stack");
      if (stack && typeof stack.value === "string") Object.defineProperty(fresh, "stack", { value: stack.value, writable: true, configurable: true });
      const cause = getOwnPropertyDescriptor(value, "cause");
      if (cause && "value" in cause) Object.defineProperty(fresh, "cause", { value: clone(cause.value, seen, moved), writable: true, configurable: true });
      return copy === fresh ? copy : fresh;
    }
    if (isWeakMap(value) || isWeakSet(value) || isWeakRef(value) || isPromise(value) || platform().some((Class) => value instanceof Class)) {
      throw dataClone(`${Object.prototype.toString.call(value).slice(8, -1)} objects cannot be cloned`);
    }
    const copy = remember(Array.isArray(value) ? new Array(value.length) : {});
    for (const key of ownKeys(value)) {
      if (typeof key === "symbol" || !getOwnPropertyDescriptor(value, key)?.enumerable) continue;
      Object.defineProperty(copy, key, { value: clone(value[key], seen, moved), writable: true, enumerable: true, configurable: true });
    }
    return copy;
  };

  webidl.installFunctions({
    structuredClone(value, options = undefined) {
      webidl.required(arguments.length, 1, "structuredClone");
      const transfer = webidl.dictionary(options, "options").transfer;
      const list = transfer === undefined ? [] : webidl.sequence(transfer, (item) => item);
      const moved = new Map(), placeholders = new Set();
      for (const item of list) {
        if (!webidl.isArrayBuffer(item)) throw dataClone("only an ArrayBuffer can be transferred");
        if (placeholders.has(item)) throw dataClone("an ArrayBuffer is listed twice");
        if (item.detached) throw dataClone("a detached ArrayBuffer cannot be transferred");
        placeholders.add(item);
      }
      // Cloning can fail; only then may anything be detached.
      if (list.length > 0) clone(value, new Map(), new Map(list.map((item) => [item, new ArrayBuffer(item.byteLength)])));
      for (const item of list) moved.set(item, item.transfer());
      return clone(value, new Map(), moved);
    },
  });
}
