// Blob (File API §3). Its bytes are whole; slices and clones share them, for they never change.
import { type Bytes, joinBytes } from "daplet:natives";
import type { ReadableByteStreamController, UnderlyingByteSource } from "web-streams-polyfill";
import { addKind } from "../clone/kinds.js";
import { utf8 } from "../encoding/encoding.js";
import { ReadableStream } from "../streams/streams.js";
import { bytesOf as viewOf, clamp, dictionary, install, sequence, usvString } from "../webidl/webidl.js";

/** In place of the constructor's first argument: bytes that nobody else writes into, so that they need no copy. */
export class Taken {
  readonly bytes: Bytes;
  readonly type: string;
  constructor(bytes: Bytes, type: string) {
    this.bytes = bytes;
    this.type = type;
  }
}

export let isBlob: (value: unknown) => value is Blob;
/** The bytes themselves: nobody may write into them. */
export let bytesOfBlob: (blob: Blob) => Bytes;

export interface BlobOptions {
  type?: unknown;
  endings?: unknown;
}

const partsOf = (parts: unknown): unknown[] => {
  if (typeof parts !== "object" || parts === null) throw new TypeError("blobParts must be a sequence");
  return sequence(parts as Iterable<unknown>, (part) =>
    isBlob(part) || viewOf(part) !== undefined ? part : usvString(part),
  );
};

/** Lower case, or nothing for what is no printable ASCII. */
const normalType = (type: unknown): string => {
  const text = `${type as string}`;
  return /^[\x20-\x7e]*$/.test(text) ? text.toLowerCase() : "";
};

/** Chunks of a blob's stream have at most so many bytes: each is a copy. */
const CHUNK_BYTES = 64 << 10;
const streamOfBytes = (bytes: Bytes): ReadableStream => {
  let at = 0;
  return new ReadableStream({
    __proto__: null,
    type: "bytes",
    pull(controller: ReadableByteStreamController) {
      const chunk = bytes.slice(at, at + CHUNK_BYTES);
      at += chunk.byteLength;
      if (chunk.byteLength > 0) controller.enqueue(chunk);
      if (at < bytes.byteLength) return;
      controller.close();
      // A reader that brought a buffer waits for an answer at the end too.
      controller.byobRequest?.respond(0);
    },
  } as UnderlyingByteSource);
};

const bytesOfPart = (part: unknown, native: boolean): Bytes => {
  if (typeof part === "string") return utf8.encode(native ? part.replace(/\r\n?/g, "\n") : part);
  return isBlob(part) ? bytesOfBlob(part) : (viewOf(part) as Bytes);
};

export class Blob {
  readonly #bytes: Bytes;
  readonly #type: string;
  constructor(parts: unknown = undefined, options: BlobOptions | undefined = undefined) {
    if (parts instanceof Taken) {
      this.#bytes = parts.bytes;
      this.#type = parts.type;
      return;
    }
    const list = parts === undefined ? [] : partsOf(parts);
    const { endings = "transparent", type = "" } = dictionary(options, "options");
    const ends = `${endings as string}`;
    if (ends !== "transparent" && ends !== "native") throw new TypeError(`"${ends}" is not a valid value of endings`);
    this.#type = normalType(type);
    this.#bytes = joinBytes(list.map((part) => bytesOfPart(part, ends === "native")));
  }
  get size(): number {
    return this.#bytes.byteLength;
  }
  get type(): string {
    return this.#type;
  }
  slice(start: unknown = undefined, end: unknown = undefined, contentType: unknown = ""): Blob {
    const { byteLength } = this.#bytes;
    const place = (value: unknown, absent: number): number => {
      if (value === undefined) return absent;
      const at = clamp(value);
      return at < 0 ? Math.max(byteLength + at, 0) : Math.min(at, byteLength);
    };
    const from = place(start, 0);
    const to = Math.max(from, place(end, byteLength));
    return new Blob(new Taken(this.#bytes.subarray(from, to), normalType(contentType)));
  }
  async text(): Promise<string> {
    return utf8.decode(this.#bytes);
  }
  stream(): ReadableStream {
    return streamOfBytes(this.#bytes);
  }
  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.#bytes.slice().buffer;
  }
  async bytes(): Promise<Bytes> {
    return this.#bytes.slice();
  }
  static {
    isBlob = (value): value is Blob => typeof value === "object" && value !== null && #bytes in value;
    bytesOfBlob = (blob) => blob.#bytes;
  }
}
install("Blob", Blob, 0);

addKind({
  is: isBlob,
  clone: (blob) => new Blob(new Taken(bytesOfBlob(blob as Blob), (blob as Blob).type)),
});
