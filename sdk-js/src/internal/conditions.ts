// The conditions of a write: keys, ETags and lifetimes, checked and put into the words of an operation.
import { optionalSeconds, requireName } from "./encode.js";

interface Conditions {
  ttl?: number;
  etag?: string | null;
  firstWrite?: boolean;
}

/** The key, if it can be one. */
export function checkKey(where: string, key: unknown, argument = "key"): string {
  const name = requireName(where, argument, key);
  if (name.includes("||")) throw new TypeError(`${where}: ${argument} must not contain "||", which Dapr reserves`);
  return name;
}

/** A write's conditions and lifetime, as the operation names them. */
export function conditions(where: string, at: string, options: Conditions): object {
  const { etag, firstWrite } = options;
  const fields: { ttlSeconds?: number; etag?: string; concurrency?: string } = {};
  const ttl = optionalSeconds(where, `${at}.ttl`, options.ttl);
  if (ttl !== undefined) fields.ttlSeconds = ttl;
  if (firstWrite && typeof etag === "string") {
    throw new TypeError(`${where}: ${at}.etag and ${at}.firstWrite exclude each other: a first write finds no ETag`);
  }
  if (firstWrite || etag === null) {
    fields.concurrency = "first-write";
  } else if (etag !== undefined) {
    fields.etag = requireName(where, `${at}.etag`, etag);
    // Without this word some Dapr stores ignore the ETag.
    fields.concurrency = "first-write";
  }
  return fields;
}
