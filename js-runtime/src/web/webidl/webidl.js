// What Web IDL asks of every interface: conversions, brand checks by private fields, property attributes.
(natives, internals) => {
  const { apply, ownKeys, getOwnPropertyDescriptor, defineProperty } = Reflect;
  const { isWellFormed, toWellFormed, charCodeAt } = String.prototype;

  // A string with lone surrogates replaced.
  const usvString = (value) => {
    const text = `${value}`;
    return apply(isWellFormed, text, []) ? text : apply(toWellFormed, text, []);
  };

  const byteString = (value, what) => {
    const text = `${value}`;
    for (let i = 0; i < text.length; i++) {
      if (apply(charCodeAt, text, [i]) > 255) throw new TypeError(`${what} has a character above U+00FF at ${i}`);
    }
    return text;
  };

  const unsignedShort = (value) => (Number(value) || 0) & 0xffff;
  // [EnforceRange] unsigned long long
  const enforceRange = (value, what) => {
    const number = Number(value);
    if (!(Math.abs(number) <= Number.MAX_SAFE_INTEGER) || Math.trunc(number) < 0) throw new TypeError(`${what} is out of range`);
    return Math.trunc(number);
  };

  // Without a prototype: what a developer's code puts on Object.prototype is no member.
  const EMPTY = Object.freeze({ __proto__: null });
  const dictionary = (value, what) => {
    if (value === undefined || value === null) return EMPTY;
    if (typeof value !== "object" && typeof value !== "function") throw new TypeError(`${what} must be an object`);
    return value;
  };

  const required = (count, needed, what) => {
    if (count < needed) throw new TypeError(`${what}: ${needed} argument${needed > 1 ? "s" : ""} required, but only ${count} present`);
  };

  // A sequence: anything iterable, each element converted.
  const sequence = (value, convert) => {
    const list = [];
    for (const item of value) list.push(convert(item));
    return list;
  };

  const tag = (prototype, name) => defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true });

  // Installs an interface object: a global that is not enumerable, with members that are.
  const install = (name, Class, { length } = {}) => {
    for (const object of [Class, Class.prototype]) {
      for (const key of ownKeys(object)) {
        if (typeof key === "symbol" || ["constructor", "prototype", "length", "name"].includes(key)) continue;
        const descriptor = getOwnPropertyDescriptor(object, key);
        defineProperty(object, key, { ...descriptor, enumerable: true });
      }
    }
    tag(Class.prototype, name);
    if (length !== undefined) defineProperty(Class, "length", { value: length, configurable: true });
    defineProperty(globalThis, name, { value: Class, writable: true, configurable: true, enumerable: false });
  };

  // Installs operations of the global object itself: enumerable, as on a global scope.
  const installFunctions = (functions) => {
    for (const name of ownKeys(functions)) {
      defineProperty(globalThis, name, { value: functions[name], writable: true, configurable: true, enumerable: true });
    }
  };

  // A read-only attribute of the global object that scripts may replace, such as `crypto`.
  const installAttribute = (name, value) => {
    const get = { [name]() { return value } }[name];
    defineProperty(get, "name", { value: `get ${name}`, configurable: true });
    const set = function (replacement) {
      defineProperty(globalThis, name, { value: replacement, writable: true, configurable: true, enumerable: true });
    };
    defineProperty(set, "name", { value: `set ${name}`, configurable: true });
    defineProperty(globalThis, name, { get, set, configurable: true, enumerable: true });
  };

  // The prototype of an interface's iterator objects.
  const IteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
  // `entries(target)` gives pairs anew at each step, as the specification wants of iterables that change meanwhile.
  const pairIterator = (name, entries) => {
    class PairIterator {
      #target;
      #kind;
      #index = 0;
      constructor(target, kind) {
        this.#target = target;
        this.#kind = kind;
      }
      next() {
        const list = entries(this.#target);
        if (this.#index >= list.length) return { value: undefined, done: true };
        const pair = list[this.#index++];
        return { value: this.#kind === "keys" ? pair[0] : this.#kind === "values" ? pair[1] : [pair[0], pair[1]], done: false };
      }
    }
    const prototype = PairIterator.prototype;
    delete prototype.constructor;
    defineProperty(prototype, "next", { value: prototype.next, enumerable: true, writable: true, configurable: true });
    Object.setPrototypeOf(prototype, IteratorPrototype);
    tag(prototype, `${name} Iterator`);
    return (target, kind) => new PairIterator(target, kind);
  };

  const getter = (prototype, name) => getOwnPropertyDescriptor(prototype, name).get;
  const arrayBufferLength = getter(ArrayBuffer.prototype, "byteLength");
  const isArrayBuffer = (value) => {
    if (typeof value !== "object" || value === null) return false;
    try {
      apply(arrayBufferLength, value, []);
      return true;
    } catch {
      return false;
    }
  };
  const sharedLength = globalThis.SharedArrayBuffer && getter(SharedArrayBuffer.prototype, "byteLength");
  const isShared = (value) => {
    if (!sharedLength || typeof value !== "object" || value === null) return false;
    try {
      apply(sharedLength, value, []);
      return true;
    } catch {
      return false;
    }
  };
  // The bytes of a BufferSource as a view on them; undefined for anything else.
  const bytesOf = (value) => {
    if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    if (isArrayBuffer(value) || isShared(value)) return new Uint8Array(value);
    return undefined;
  };

  internals.webidl = {
    usvString, byteString, unsignedShort, enforceRange, dictionary, required, sequence,
    install, installFunctions, installAttribute, pairIterator, bytesOf, isArrayBuffer, isShared, tag,
  };
}
