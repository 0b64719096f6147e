// The Body mixin of Request and Response (Fetch Standard §5.3).
import type { Bytes } from "daplet:natives";
import { isSearchParams } from "../url/search-params.js";
import { bytesOf as viewOf, usvString } from "../webidl/webidl.js";
import { type Body, bytesOf, consume, isUsed, textOf } from "./source.js";
import { bodyOf, makeStream, type ReadableStream } from "./stream.js";

const TEXT = "text/plain;charset=UTF-8";
const FORM = "application/x-www-form-urlencoded;charset=UTF-8";

/** The body that a developer's value stands for. */
export const extract = (value: unknown): Body => {
  if (value === null || value === undefined) return { source: null, type: null, used: false };
  if (typeof value === "string") return { source: value, type: TEXT, used: false };
  if (typeof value === "object") {
    const bytes = viewOf(value);
    if (bytes !== undefined) return { source: bytes.slice(), type: null, used: false };
    if (isSearchParams(value)) return { source: value.toString(), type: FORM, used: false };
    const of = bodyOf(value);
    if (of !== undefined) {
      const stream = value as ReadableStream;
      if (isUsed(of) || stream.locked) throw new TypeError("the body has already been read, or has a reader");
      return { source: of.source, type: null, used: false, of, stream };
    }
  }
  return { source: usvString(value), type: TEXT, used: false };
};

/** Installs the mixin's members; `get` gives an object's body and throws for an object of another kind. */
export const mixin = <T extends object>(Class: { prototype: T }, get: (object: T) => Body): void => {
  const methods = {
    async arrayBuffer(this: T): Promise<ArrayBuffer> {
      const bytes = bytesOf(consume(get(this)));
      return bytes.buffer.byteLength === bytes.byteLength ? bytes.buffer : bytes.slice().buffer;
    },
    async bytes(this: T): Promise<Bytes> {
      return bytesOf(consume(get(this)));
    },
    async json(this: T): Promise<unknown> {
      return JSON.parse(textOf(consume(get(this))));
    },
    async text(this: T): Promise<string> {
      return textOf(consume(get(this)));
    },
  };
  const attributes = {
    get bodyUsed(): boolean {
      return isUsed(get(this as unknown as T));
    },
    get body(): ReadableStream | null {
      const body = get(this as unknown as T);
      return body.source === null ? null : (body.stream ??= makeStream(body));
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
