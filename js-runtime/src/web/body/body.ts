// The Body mixin of Request and Response (Fetch Standard §5.3).
import type { Bytes } from "daplet:natives";
import { Blob, bytesOfBlob, isBlob, Taken } from "../blob/blob.js";
import { type FormData, isFormData } from "../forms/form-data.js";
import { blobType, decodeForm, encodeForm } from "../forms/multipart.js";
import { isDisturbed, isLocked, isStream } from "../streams/read.js";
import type { ReadableStream } from "../streams/streams.js";
import { isSearchParams } from "../url/search-params.js";
import { bytesOf as viewOf, usvString } from "../webidl/webidl.js";
import { bytesOf, type Source, textOf } from "./source.js";
import { readAll, spentStream, streamOf, streamOfChunks, takeWhole } from "./stream.js";

const TEXT = "text/plain;charset=UTF-8";
const FORM = "application/x-www-form-urlencoded;charset=UTF-8";

/** A body is whole until a handler asks for its stream; from then on it is that stream. */
export interface Body {
  source: Source;
  stream: ReadableStream | null;
  /** Its content type. */
  type: string | null;
  /** It was read whole. */
  used: boolean;
}

export const whole = (source: Source, type: string | null): Body => ({ source, stream: null, type, used: false });
export const streamed = (stream: ReadableStream, type: string | null): Body => ({
  source: null,
  stream,
  type,
  used: false,
});

export const exists = ({ source, stream }: Body): boolean => source !== null || stream !== null;
export const isUsed = ({ used, stream }: Body): boolean => used || (stream !== null && isDisturbed(stream));

/** Throws for a body that was read, or that has a reader. */
export const expectUnread = (body: Body, what = "the body"): void => {
  if (isUsed(body)) throw new TypeError(`${what} has already been read`);
  if (body.stream !== null && isLocked(body.stream)) {
    throw new TypeError(`${what} has a reader; call releaseLock() on it first`);
  }
};

const isAsyncIterable = (value: object): value is AsyncIterable<unknown> =>
  typeof (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === "function";

/** The body that a developer's value stands for. */
export const extract = (value: unknown): Body => {
  if (value === null || value === undefined) return whole(null, null);
  if (typeof value === "string") return whole(value, TEXT);
  if (typeof value === "object") {
    const bytes = viewOf(value);
    if (bytes !== undefined) return whole(bytes.slice(), null);
    if (isSearchParams(value)) return whole(value.toString(), FORM);
    if (isBlob(value)) return whole(bytesOfBlob(value).slice(), value.type === "" ? null : value.type);
    if (isFormData(value)) {
      const { bytes, type } = encodeForm(value);
      return whole(bytes, type);
    }
    if (isStream(value)) {
      const body = streamed(value, null);
      expectUnread(body);
      return body;
    }
    if (isAsyncIterable(value)) return streamed(streamOfChunks(value), null);
  }
  return whole(usvString(value), TEXT);
};

/** Takes the body, which can be done once: whole where that is possible, else its stream. */
export const take = (body: Body, what?: string): Source | ReadableStream => {
  expectUnread(body, what);
  if (body.stream !== null) return takeWhole(body.stream) ?? body.stream;
  body.used = body.source !== null;
  return body.source;
};

/** Reads the body to its end → what `convert` makes of it. */
export const consume = <R>(body: Body, convert: (source: Source) => R): R | Promise<R> => {
  const taken = take(body);
  return isStream(taken) ? readAll(taken, convert) : convert(taken);
};

const bufferOf = (source: Source): ArrayBuffer => {
  const bytes = bytesOf(source);
  return bytes.buffer.byteLength === bytes.byteLength ? bytes.buffer : bytes.slice().buffer;
};
const jsonOf = (source: Source): unknown => JSON.parse(textOf(source));

/** Installs the mixin's members; `get` gives an object's body and throws for an object of another kind, `typeOf` its content type. */
export const mixin = <T extends object>(
  Class: { prototype: T },
  get: (object: T) => Body,
  typeOf: (object: T) => string | null,
): void => {
  const methods = {
    async arrayBuffer(this: T): Promise<ArrayBuffer> {
      return consume(get(this), bufferOf);
    },
    async blob(this: T): Promise<Blob> {
      const type = blobType(typeOf(this));
      return consume(get(this), (source) => new Blob(new Taken(bytesOf(source), type)));
    },
    async formData(this: T): Promise<FormData> {
      const type = typeOf(this);
      return consume(get(this), (source) => decodeForm(bytesOf(source), type));
    },
    async bytes(this: T): Promise<Bytes> {
      return consume(get(this), bytesOf);
    },
    async json(this: T): Promise<unknown> {
      return consume(get(this), jsonOf);
    },
    async text(this: T): Promise<string> {
      return consume(get(this), textOf);
    },
  };
  const attributes = {
    get bodyUsed(): boolean {
      return isUsed(get(this as unknown as T));
    },
    get body(): ReadableStream | null {
      const body = get(this as unknown as T);
      if (body.stream === null && body.source !== null) {
        body.stream = body.used ? spentStream() : streamOf(body.source);
        body.source = null;
      }
      return body.stream;
    },
  };
  for (const members of [methods, attributes]) {
    for (const name of Object.keys(members)) {
      Object.defineProperty(Class.prototype, name, {
        ...Object.getOwnPropertyDescriptor(members, name),
        enumerable: true,
      });
    }
  }
};
