// CompressionStream and DecompressionStream (Compression Standard): a transform stream around a codec.
import { type Bytes, codec } from "daplet:natives";
import { type ReadableStream, TransformStream, type WritableStream } from "../streams/streams.js";
import { bytesOf, install, isShared, required } from "../webidl/webidl.js";

const FORMATS = ["gzip", "deflate", "deflate-raw"];
/** What of a chunk goes through the codec at once: a chunk that grows a thousandfold is passed on in pieces. */
const PIECE = 65_536;
let codecs = 0;

interface Controller {
  enqueue(chunk: Bytes): void;
}

const step = (controller: Controller, id: number, kind: string, chunk: Bytes | null): void => {
  const result = codec(id, kind, chunk);
  if (typeof result === "string") throw new TypeError(result);
  if (result.byteLength > 0) controller.enqueue(result);
};

const transformer = (direction: "compress" | "decompress", format: unknown): TransformStream => {
  const name = `${format as string}`;
  if (!FORMATS.includes(name)) throw new TypeError(`${name} is no format: ${FORMATS.join(", ")} are`);
  const [id, kind] = [codecs++, `${direction} ${name}`];
  return new TransformStream({
    transform(chunk, controller) {
      const bytes = isShared(chunk) ? undefined : bytesOf(chunk);
      if (bytes === undefined) throw new TypeError("a chunk must be an ArrayBuffer or a view of one");
      for (let at = 0; at < bytes.byteLength; at += PIECE) {
        step(controller, id, kind, bytes.subarray(at, at + PIECE));
      }
    },
    flush(controller) {
      step(controller, id, kind, null);
    },
  });
};

class CompressionStream {
  readonly #transform: TransformStream;
  constructor(format: unknown) {
    required(arguments.length, 1, "CompressionStream");
    this.#transform = transformer("compress", format);
  }
  get readable(): ReadableStream {
    return this.#transform.readable;
  }
  get writable(): WritableStream {
    return this.#transform.writable;
  }
}
install("CompressionStream", CompressionStream, 1);

class DecompressionStream {
  readonly #transform: TransformStream;
  constructor(format: unknown) {
    required(arguments.length, 1, "DecompressionStream");
    this.#transform = transformer("decompress", format);
  }
  get readable(): ReadableStream {
    return this.#transform.readable;
  }
  get writable(): WritableStream {
    return this.#transform.writable;
  }
}
install("DecompressionStream", DecompressionStream, 1);
