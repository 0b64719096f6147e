// A whole body: a string until bytes are asked for (Fetch Standard §2.2.4).
import type { Bytes } from "daplet:natives";
import { utf8 } from "../encoding/encoding.js";
import { usvString } from "../webidl/webidl.js";

/** Lone surrogates of a string are replaced when it is read or sent: mostly it has none. Null: no body. */
export type Source = string | Bytes | null;

export const copyOf = (source: Source): Source =>
  typeof source === "string" || source === null ? source : source.slice();

export const bytesOf = (source: Source): Bytes => {
  if (source === null) return new Uint8Array();
  return typeof source === "string" ? utf8.encode(source) : source;
};
const withoutMark = (text: string): string => (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
export const textOf = (source: Source): string => {
  if (source === null) return "";
  return typeof source === "string" ? withoutMark(usvString(source)) : utf8.decode(source);
};
