// A body as it is held: whole, a string until bytes are asked for (Fetch Standard §2.2.4).
import type { Bytes } from "daplet:natives";
import { utf8 } from "../encoding/encoding.js";
import { usvString } from "../webidl/webidl.js";
import type { ReadableStream } from "./stream.js";

export type Source = string | Bytes | null;

export interface Body {
  /** Lone surrogates of a string are replaced when it is read or sent: mostly it has none. */
  source: Source;
  /** Its content type. */
  type: string | null;
  used: boolean;
  /** The body whose stream this one was made of: reading one is reading both. */
  of?: Body;
  /** What the attribute `body` gave. */
  stream?: ReadableStream;
}

/** A copy that can be read once more. */
export const copy = ({ source, type }: Body): Body => ({
  source: typeof source === "string" || source === null ? source : source.slice(),
  type,
  used: false,
});

export const isUsed = (body: Body): boolean => body.used || (body.of !== undefined && isUsed(body.of));
export const use = (body: Body): void => {
  for (let each: Body | undefined = body; each !== undefined; each = each.of) each.used = true;
};

export const bytesOf = (source: Source): Bytes => {
  if (source === null) return new Uint8Array();
  return typeof source === "string" ? utf8.encode(source) : source;
};
const withoutMark = (text: string): string => (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
export const textOf = (source: Source): string => {
  if (source === null) return "";
  return typeof source === "string" ? withoutMark(usvString(source)) : utf8.decode(source);
};

/** Reads the body, which can be done once. */
export const consume = (body: Body): Source => {
  if (isUsed(body)) throw new TypeError("the body has already been read");
  if (body.stream?.locked) throw new TypeError("the body has a reader; call releaseLock() on it first");
  if (body.source !== null) use(body);
  return body.source;
};
