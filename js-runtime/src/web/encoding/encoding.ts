// TextEncoder and TextDecoder (Encoding Standard §7).
import { decode, decodeUtf8, encodeUtf8, encodingLabel, type Bytes } from "daplet:natives";
import { bytesOf, dictionary, install, required, usvString } from "../webidl/webidl.js";

/** The flags of the native `decode`; see `mod.rs`. */
const FATAL = 1;
const IGNORE_BOM = 2;
const STREAM = 4;

/** UTF-8 for the other Web APIs. Reading drops a byte order mark and replaces what is malformed. */
export const utf8 = {
  encode: (text: string): Bytes => encodeUtf8(usvString(text)),
  decode: (bytes: Uint8Array): string => decodeUtf8(bytes),
};

class TextEncoder {
  #brand = true;
  get encoding(): string {
    void this.#brand;
    return "utf-8";
  }
  encode(input: unknown = ""): Bytes {
    void this.#brand;
    return encodeUtf8(usvString(input));
  }
  encodeInto(source: unknown, destination: Uint8Array): { read: number; written: number } {
    void this.#brand;
    required(arguments.length, 2, "TextEncoder.encodeInto");
    const text = usvString(source);
    if (Object.prototype.toString.call(destination) !== "[object Uint8Array]") {
      throw new TypeError("destination must be a Uint8Array");
    }
    const room = destination.length;
    let bytes = encodeUtf8(text);
    if (bytes.length <= room) {
      destination.set(bytes);
      return { read: text.length, written: bytes.length };
    }
    // Too small: the longest prefix of whole characters.
    let written = room;
    while (written > 0 && ((bytes[written] as number) & 0xc0) === 0x80) written--;
    bytes = bytes.subarray(0, written);
    destination.set(bytes);
    return { read: (decode(0, "utf-8", IGNORE_BOM, bytes) as string).length, written };
  }
}

export interface DecoderOptions {
  fatal?: unknown;
  ignoreBOM?: unknown;
}

let streams = 0;

export class TextDecoder {
  readonly #encoding: string;
  readonly #fatal: boolean;
  readonly #ignoreBOM: boolean;
  /** The number of the native decoder that is in the middle of a stream; 0: none. */
  #stream = 0;
  constructor(label: unknown = "utf-8", options: DecoderOptions | undefined = undefined) {
    const name = encodingLabel(`${label as string}`);
    if (name === undefined) throw new RangeError(`the encoding label "${label as string}" is not known`);
    const { fatal = false, ignoreBOM = false } = dictionary(options, "options");
    this.#encoding = name;
    this.#fatal = Boolean(fatal);
    this.#ignoreBOM = Boolean(ignoreBOM);
  }
  get encoding(): string {
    return this.#encoding;
  }
  get fatal(): boolean {
    return this.#fatal;
  }
  get ignoreBOM(): boolean {
    return this.#ignoreBOM;
  }
  decode(input: unknown = undefined, options: { stream?: unknown } | undefined = undefined): string {
    const bytes = input === undefined ? new Uint8Array() : bytesOf(input);
    if (bytes === undefined) throw new TypeError("input must be an ArrayBuffer or a view on one");
    const stream = Boolean(dictionary(options, "options").stream);
    if (stream) this.#stream ||= ++streams;
    const flags = (this.#fatal ? FATAL : 0) | (this.#ignoreBOM ? IGNORE_BOM : 0) | (stream ? STREAM : 0);
    const text = decode(this.#stream, this.#encoding, flags, bytes);
    if (!stream || text === undefined) this.#stream = 0;
    if (text === undefined) throw new TypeError(`the data is not valid ${this.#encoding}`);
    return text;
  }
}

install("TextEncoder", TextEncoder, 0);
install("TextDecoder", TextDecoder, 0);
