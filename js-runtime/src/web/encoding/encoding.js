// TextEncoder and TextDecoder (Encoding Standard §7).
({ encodingLabel, decode, decodeUtf8, encodeUtf8 }, internals) => {
  const { webidl } = internals;
  const { usvString } = webidl;

  class TextEncoder {
    #brand = true;
    get encoding() { this.#brand; return "utf-8" }
    encode(input = "") {
      this.#brand;
      return encodeUtf8(usvString(input));
    }
    encodeInto(source, destination) {
      this.#brand;
      webidl.required(arguments.length, 2, "TextEncoder.encodeInto");
      const text = usvString(source);
      if (Object.prototype.toString.call(destination) !== "[object Uint8Array]") throw new TypeError("destination must be a Uint8Array");
      const room = destination.length;
      let bytes = encodeUtf8(text);
      if (bytes.length <= room) {
        destination.set(bytes);
        return { read: text.length, written: bytes.length };
      }
      // Too small: the longest prefix of whole characters.
      let written = room;
      while (written > 0 && (bytes[written] & 0xc0) === 0x80) written--;
      bytes = bytes.subarray(0, written);
      destination.set(bytes);
      return { read: decodeUtf8NoBom(bytes).length, written };
    }
  }
  const FATAL = 1, IGNORE_BOM = 2, STREAM = 4;
  const decodeUtf8NoBom = (bytes) => decode(0, "utf-8", IGNORE_BOM, bytes);
  let streams = 0;

  class TextDecoder {
    #encoding;
    #fatal;
    #ignoreBOM;
    #stream = 0;
    constructor(label = "utf-8", options = undefined) {
      const name = encodingLabel(`${label}`);
      if (name === null || name === undefined) throw new RangeError(`the encoding label "${label}" is not known`);
      const { fatal = false, ignoreBOM = false } = webidl.dictionary(options, "options");
      this.#encoding = name;
      this.#fatal = Boolean(fatal);
      this.#ignoreBOM = Boolean(ignoreBOM);
    }
    get encoding() { return this.#encoding }
    get fatal() { return this.#fatal }
    get ignoreBOM() { return this.#ignoreBOM }
    decode(input = undefined, options = undefined) {
      const bytes = input === undefined ? new Uint8Array() : webidl.bytesOf(input);
      if (bytes === undefined) throw new TypeError("input must be an ArrayBuffer or a view on one");
      const stream = Boolean(webidl.dictionary(options, "options").stream);
      if (stream) this.#stream ||= ++streams;
      const flags = (this.#fatal ? FATAL : 0) | (this.#ignoreBOM ? IGNORE_BOM : 0) | (stream ? STREAM : 0);
      const text = decode(this.#stream, this.#encoding, flags, bytes);
      if (!stream) this.#stream = 0;
      if (text === null || text === undefined) {
        this.#stream = 0;
        throw new TypeError(`the data is not valid ${this.#encoding}`);
      }
      return text;
    }
  }

  webidl.install("TextEncoder", TextEncoder, { length: 0 });
  webidl.install("TextDecoder", TextDecoder, { length: 0 });
  internals.utf8 = { encode: (text) => encodeUtf8(usvString(text)), decode: (bytes) => decodeUtf8(bytes) };
}
