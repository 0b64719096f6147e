// TextEncoderStream and TextDecoderStream (Encoding Standard §7.4, §7.5): a transform stream around an encoder or a decoder.
import { apply, charCodeAt } from "../../js/primordials.js";
import { type ReadableStream, TransformStream, type WritableStream } from "../streams/streams.js";
import { dictionary, install } from "../webidl/webidl.js";
import { type DecoderOptions, TextDecoder, utf8 } from "./encoding.js";

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

class TextEncoderStream {
  readonly #transform: TransformStream;
  constructor() {
    /** The first half of a character whose second half may come with the next chunk. */
    let pending = "";
    this.#transform = new TransformStream({
      transform(chunk, controller) {
        let text = `${pending}${chunk as string}`;
        pending = "";
        if (text !== "" && isHighSurrogate(apply(charCodeAt, text, [text.length - 1]))) {
          pending = text.slice(-1);
          text = text.slice(0, -1);
        }
        if (text !== "") controller.enqueue(utf8.encode(text));
      },
      flush(controller) {
        if (pending !== "") controller.enqueue(utf8.encode(pending));
      },
    });
  }
  get encoding(): string {
    void this.#transform;
    return "utf-8";
  }
  get readable(): ReadableStream {
    return this.#transform.readable;
  }
  get writable(): WritableStream {
    return this.#transform.writable;
  }
}

class TextDecoderStream {
  readonly #transform: TransformStream;
  readonly #decoder: TextDecoder;
  constructor(label: unknown = "utf-8", options: DecoderOptions | undefined = undefined) {
    const decoder = new TextDecoder(label, dictionary<DecoderOptions>(options, "options"));
    this.#decoder = decoder;
    this.#transform = new TransformStream({
      transform(chunk, controller) {
        if (chunk === undefined) throw new TypeError("a chunk must be an ArrayBuffer or a view on one");
        const text = decoder.decode(chunk, { stream: true });
        if (text !== "") controller.enqueue(text);
      },
      flush(controller) {
        const text = decoder.decode();
        if (text !== "") controller.enqueue(text);
      },
    });
  }
  get encoding(): string {
    return this.#decoder.encoding;
  }
  get fatal(): boolean {
    return this.#decoder.fatal;
  }
  get ignoreBOM(): boolean {
    return this.#decoder.ignoreBOM;
  }
  get readable(): ReadableStream {
    return this.#transform.readable;
  }
  get writable(): WritableStream {
    return this.#transform.writable;
  }
}

install("TextEncoderStream", TextEncoderStream, 0);
install("TextDecoderStream", TextDecoderStream, 0);
