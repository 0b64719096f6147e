// `client.pubsub` of `@dapr/dapr` over Daplet's operations.
import type { Body } from "../internal/call.js";
import { asBytes, toBase64 } from "../internal/encode.js";
import { daprError, type Operate } from "./error.js";

type Metadata = Record<string, string>;

export interface BulkEntry {
  entryID: string;
  event: unknown;
  contentType: string;
  metadata: Metadata;
}

export class PubSub {
  readonly #operate: Operate;

  constructor(operate: Operate) {
    this.#operate = operate;
  }

  /** As in the official client, a failure is returned and not thrown. */
  async publish(
    pubSubName: string,
    topic: string,
    data?: unknown,
    options: { contentType?: string; metadata?: Metadata } = {},
  ): Promise<{ error?: Error }> {
    const contentType = options.contentType ?? (data === undefined ? "text/plain" : typeOf(data));
    const args = { pubsub: pubSubName, topic, contentType, ...(options.metadata && { metadata: options.metadata }) };
    try {
      await this.#operate("pubsub.publish", args, data === undefined ? "" : serialized(data, contentType));
      return {};
    } catch (error) {
      return { error: daprError(error, {}) as Error };
    }
  }

  /** Unlike the official client over HTTP, which loses them, entries that failed are reported. */
  async publishBulk(pubSubName: string, topic: string, messages: unknown[], metadata?: Metadata) {
    const entries = messages.map(entry);
    const body = entries.map(({ entryID, event, contentType, metadata: own }) => {
      const bytes = serialized(event, contentType);
      const json = typeof bytes === "string" && /^application\/(json|cloudevents\+json)$/.test(contentType);
      const text = typeof bytes === "string" ? bytes : toBase64(asBytes(bytes) ?? new Uint8Array());
      const head = JSON.stringify({ entryId: entryID, contentType, metadata: { ...metadata, ...own } });
      return `${head.slice(0, -1)},"event":${json ? text : JSON.stringify(text)}}`;
    });
    const failedMessages = (failed: (id: string) => string | undefined) =>
      entries.flatMap((message) => {
        const reason = failed(message.entryID);
        return reason === undefined ? [] : [{ message, error: new Error(reason) }];
      });
    try {
      const { head } = await this.#operate("pubsub.publishMany", { pubsub: pubSubName, topic }, `[${body.join(",")}]`);
      const failed = new Map(
        ((head as { failed?: { entryId: string; error: string }[] }).failed ?? []).map((f) => [f.entryId, f.error]),
      );
      return { failedMessages: failedMessages((id) => failed.get(id)) };
    } catch (error) {
      const reason = daprError(error, {}) as Error;
      return { failedMessages: entries.map((message) => ({ message, error: reason })) };
    }
  }
}

function entry(message: unknown): BulkEntry {
  if (message !== null && typeof message === "object" && "event" in message) {
    const { entryID, event, contentType, metadata } = message as Partial<BulkEntry>;
    return {
      entryID: entryID || crypto.randomUUID(),
      event,
      contentType: contentType ?? typeOf(event),
      metadata: metadata ?? {},
    };
  }
  return { entryID: crypto.randomUUID(), event: message, contentType: typeOf(message), metadata: {} };
}

/** The content type that the official client infers. */
export function typeOf(data: unknown): string {
  if (asBytes(data) !== undefined) return "application/octet-stream";
  if (data === null || typeof data !== "object") return "text/plain";
  const event = data as Record<string, unknown>;
  const cloudEvent = ["id", "source", "type", "specversion"].every((field) => event[field] !== undefined);
  return cloudEvent ? "application/cloudevents+json" : "application/json";
}

/** The body that the official client would send. */
export function serialized(data: unknown, contentType: string): Body {
  const bytes = asBytes(data);
  if (bytes !== undefined) return bytes;
  if (typeof data === "string" && !contentType.endsWith("json")) return data;
  return JSON.stringify(data);
}
