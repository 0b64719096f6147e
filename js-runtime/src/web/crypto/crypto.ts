// The object `crypto` (Web Cryptography API §10). Random numbers come from the host for each call.
import { random } from "daplet:natives";
import { apply, getterOf, isView } from "../../js/primordials.js";
import { DOMException } from "../exception/exception.js";
import { install, installAttribute, required } from "../webidl/webidl.js";
import { subtle } from "./subtle.js";

const KEY = Symbol("internal");
const INTEGERS = [
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "BigInt64Array",
  "BigUint64Array",
];
const MOST = 65_536;
const tagOf = getterOf<string | undefined>(Reflect.getPrototypeOf(Uint8Array.prototype) as object, Symbol.toStringTag);
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

class Crypto {
  #brand = true;
  constructor(key: unknown) {
    if (key !== KEY) throw new TypeError("Illegal constructor");
  }
  get subtle(): typeof subtle {
    void this.#brand;
    return subtle;
  }
  getRandomValues(array: unknown): unknown {
    void this.#brand;
    required(arguments.length, 1, "Crypto.getRandomValues");
    if (!isView(array)) throw new TypeError("getRandomValues needs an integer typed array");
    if (!INTEGERS.includes(apply(tagOf, array, []) ?? "")) {
      throw new DOMException("getRandomValues needs an integer typed array", "TypeMismatchError");
    }
    if (array.byteLength > MOST) {
      throw new DOMException(
        `${array.byteLength} bytes of random values were asked for; at most ${MOST} at once`,
        "QuotaExceededError",
      );
    }
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(random(array.byteLength));
    return array;
  }
  randomUUID(): string {
    void this.#brand;
    const bytes = random(16);
    // Version 4, variant 1 (RFC 9562 §5.4).
    bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
    const hex = (from: number, to: number): string => {
      let text = "";
      for (let i = from; i < to; i++) text += HEX[bytes[i] as number] as string;
      return text;
    };
    return `${hex(0, 4)}-${hex(4, 6)}-${hex(6, 8)}-${hex(8, 10)}-${hex(10, 16)}`;
  }
}
install("Crypto", Crypto, 0);
installAttribute("crypto", new Crypto(KEY));
