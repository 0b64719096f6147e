// crypto.getRandomValues and randomUUID (Web Cryptography API §10). The numbers come from the host for each call.
({ random }, { webidl }) => {
  const KEY = Symbol("internal");
  const INTEGERS = ["Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array", "BigInt64Array", "BigUint64Array"];
  const tagOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;
  const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

  class Crypto {
    #brand = true;
    constructor(key) { if (key !== KEY) throw new TypeError("Illegal constructor") }
    getRandomValues(array) {
      this.#brand;
      webidl.required(arguments.length, 1, "Crypto.getRandomValues");
      const kind = ArrayBuffer.isView(array) ? Reflect.apply(tagOf, array, []) : undefined;
      if (!ArrayBuffer.isView(array)) throw new TypeError("getRandomValues needs an integer typed array");
      if (!INTEGERS.includes(kind)) throw new DOMException("getRandomValues needs an integer typed array", "TypeMismatchError");
      if (array.byteLength > 65536) throw new DOMException(`${array.byteLength} bytes of random values were asked for; at most 65536 at once`, "QuotaExceededError");
      new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(random(array.byteLength));
      return array;
    }
    randomUUID() {
      this.#brand;
      const b = random(16);
      b[6] = (b[6] & 0x0f) | 0x40;
      b[8] = (b[8] & 0x3f) | 0x80;
      const h = (from, to) => { let text = ""; for (let i = from; i < to; i++) text += HEX[b[i]]; return text };
      return `${h(0, 4)}-${h(4, 6)}-${h(6, 8)}-${h(8, 10)}-${h(10, 16)}`;
    }
  }
  webidl.install("Crypto", Crypto, { length: 0 });
  webidl.installAttribute("crypto", new Crypto(KEY));
}
