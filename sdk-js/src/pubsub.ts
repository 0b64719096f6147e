// Publishing: JavaScript values in, bytes with a content type out. Must not know the broker.
import { call } from "./internal/call.js";
import { asBytes, describe, optionalSeconds, requireName, toBase64, toJson } from "./internal/encode.js";

/** How one event is published. */
export interface PublishOptions {
  /** Replaces the type that the data implies. A string is then sent unchanged, not as JSON. */
  contentType?: string;
  /** For the broker, such as `cloudevent.type`. */
  metadata?: Record<string, string>;
  /** Lifetime in seconds, at least 1; an expired message is not delivered. */
  ttl?: number;
}

/** One event of {@link Broker.publishMany}. */
export interface PublishEntry extends PublishOptions {
  data: unknown;
  /** Names the event in the result; its place in the array, as text, when absent. */
  entryId?: string;
}

/** An event that the broker did not take. */
export interface PublishFailure {
  entryId: string;
  error: string;
}

/** A pub/sub component. */
export class Broker {
  readonly #base: { pubsub?: string };

  constructor(name?: string) {
    this.#base = name === undefined ? {} : { pubsub: requireName("pubsub", "name", name) };
  }

  /**
   * Publishes one event. A string goes as `text/plain`, bytes as `application/octet-stream`, an object that is a
   * CloudEvent (it has id, source, type and specversion) as that, and everything else as JSON.
   */
  async publish(topic: string, data: unknown, options: PublishOptions = {}): Promise<void> {
    const where = "pubsub.publish";
    requireName(where, "topic", topic);
    const { contentType, body } = encode(where, "data", data, options.contentType);
    const metadata = metadataOf(where, "options", options);
    await call(where, { ...this.#base, topic, contentType, ...(metadata && { metadata }) }, body);
  }

  /** Publishes several events in one round trip. Some may fail while the others are taken: look at `failed`. */
  async publishMany(topic: string, events: readonly PublishEntry[]): Promise<{ failed: PublishFailure[] }> {
    const where = "pubsub.publishMany";
    requireName(where, "topic", topic);
    if (!Array.isArray(events)) throw new TypeError(`${where}: events must be an array, not ${describe(events)}`);
    if (events.length === 0) return { failed: [] };
    const ids = new Set<string>();
    const entries = events.map((entry: PublishEntry, i) => {
      const at = `events[${i}]`;
      if (entry === null || typeof entry !== "object" || !("data" in entry)) {
        throw new TypeError(`${where}: ${at} must be an object { data, … }, not ${describe(entry)}`);
      }
      const entryId = entry.entryId === undefined ? String(i) : requireName(where, `${at}.entryId`, entry.entryId);
      if (ids.has(entryId)) throw new TypeError(`${where}: ${at}.entryId ${describe(entryId)} is there twice`);
      ids.add(entryId);
      const { contentType, event } = encodeEvent(where, `${at}.data`, entry.data, entry.contentType);
      const metadata = metadataOf(where, at, entry);
      const head = JSON.stringify({ entryId, contentType, ...(metadata && { metadata }) });
      return `${head.slice(0, -1)},"event":${event}}`;
    });
    const { head } = await call(where, { ...this.#base, topic }, `[${entries.join(",")}]`);
    return { failed: (head as { failed?: PublishFailure[] }).failed ?? [] };
  }
}

/** The pub/sub component of that name (`pubsub` when absent). */
export function pubsub(name?: string): Broker {
  return new Broker(name);
}

function encode(where: string, argument: string, data: unknown, contentType: string | undefined) {
  if (contentType !== undefined) requireName(where, `contentType of ${argument}`, contentType);
  const bytes = asBytes(data);
  if (bytes !== undefined) return { contentType: contentType ?? "application/octet-stream", body: bytes };
  if (typeof data === "string") return { contentType: contentType ?? "text/plain", body: data };
  const implied = isCloudEvent(data) ? "application/cloudevents+json" : "application/json";
  return { contentType: contentType ?? implied, body: toJson(where, argument, data) };
}

/** An event as a member of JSON: binary data as base64, text as a string, JSON unchanged. */
export function encodeEvent(where: string, argument: string, data: unknown, type: string | undefined) {
  const { contentType, body } = encode(where, argument, data, type);
  const event = typeof body !== "string" ? `"${toBase64(body)}"` : isJson(contentType) ? body : JSON.stringify(body);
  return { contentType, event };
}

function isCloudEvent(data: unknown): boolean {
  if (data === null || typeof data !== "object") return false;
  const { specversion, id, source, type } = data as Record<string, unknown>;
  return typeof specversion === "string" && [id, source, type].every((field) => typeof field === "string");
}

function isJson(contentType: string): boolean {
  return contentType === "application/json" || contentType === "application/cloudevents+json";
}

/** The metadata of a message, its lifetime included. */
export function metadataOf(where: string, at: string, options: PublishOptions): Record<string, string> | undefined {
  const { metadata, ttl } = options;
  if (metadata === undefined && ttl === undefined) return undefined;
  for (const [name, value] of Object.entries(metadata ?? {})) {
    if (typeof value !== "string") {
      throw new TypeError(`${where}: ${at}.metadata.${name} must be a string, not ${describe(value)}`);
    }
  }
  const seconds = optionalSeconds(where, `${at}.ttl`, ttl);
  return seconds === undefined ? metadata : { ...metadata, ttlInSeconds: String(seconds) };
}
