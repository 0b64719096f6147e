// Publishing and delivery in memory: CloudEvents as Dapr wraps them, retries without pauses, dead letters.
import { randomUUID } from "node:crypto";
import type { CloudEvent, Subscription } from "../events.js";
import type { Body, Completion } from "../internal/call.js";
import type { FakeClock } from "./clock.js";
import { failure } from "./error.js";
import { type Caller, requireGrant } from "./grants.js";
import { completion, textOf } from "./state.js";

/** A message as it lies in the broker. */
export interface Message {
  pubsub: string;
  topic: string;
  /** The function that published it; `test` when the test itself did. */
  source: string;
  contentType: string;
  metadata: Record<string, string>;
  /** The published bytes. */
  data: Uint8Array;
  /** The event that subscribers get; for a message published raw there is none. */
  event: CloudEvent | undefined;
}

/** What became of one message at one subscriber. */
export interface Delivery {
  function: string;
  topic: string;
  /** How often the handler was called; 0 for a message that had expired. */
  attempts: number;
  outcome: "SUCCESS" | "DROP" | "RETRIES_EXHAUSTED" | "EXPIRED";
  /** What the handler threw last. */
  error?: unknown;
  /** Where the message went after it failed for good. */
  deadLetterTopic?: string;
}

/** A function's subscription with the handler's call; the promise tells the handler's word. */
export interface Subscriber {
  function: string;
  subscription: Subscription;
  handle(
    event: CloudEvent,
    about: { attempt: number; pubsub: string; topic: string; route?: string },
  ): Promise<unknown>;
}

interface PublishArgs {
  pubsub?: string;
  topic: string;
  contentType?: string;
  metadata?: Record<string, string>;
}

/** Retries of a subscription that sets none, and the end of those that set no end. */
const DEFAULT_RETRIES = 3;
const ENDLESS_RETRIES = 100;

export class FakeBroker {
  readonly published: Message[] = [];
  readonly subscribers: Subscriber[] = [];
  readonly #names: readonly string[];
  readonly #clock: FakeClock;
  #queue: Message[] = [];

  constructor(names: readonly string[], clock: FakeClock) {
    this.#names = names;
    this.#clock = clock;
  }

  run(op: string, caller: Caller, args: PublishArgs, body: Body): Completion {
    const source = caller.function;
    this.check(caller, args);
    switch (op) {
      case "pubsub.publish":
        this.#publish(source, args, bytesOf(body));
        return completion({});
      case "pubsub.publishMany": {
        const entries = JSON.parse(textOf(body)) as (PublishArgs & { event: unknown })[];
        for (const entry of entries) this.publishEntry(source, { ...args, ...entry, topic: args.topic });
        return completion({ failed: [] });
      }
      default:
        throw failure("UNKNOWN_OPERATION", `no capability serves "${op}"`);
    }
  }

  /** Refuses a topic that the caller may not publish to. */
  check(caller: Caller, { pubsub = "pubsub", topic }: PublishArgs): void {
    requireGrant(caller, "topics", `${pubsub}/${topic}`);
  }

  /** Publishes an event that stands in JSON. */
  publishEntry(source: string, entry: PublishArgs & { event: unknown }): void {
    this.#publish(source, entry, entryBytes(entry.event, entry.contentType));
  }

  /** Hands every waiting message to its subscribers, and what those publish too, until nothing waits. */
  async deliver(): Promise<Delivery[]> {
    const deliveries: Delivery[] = [];
    for (let message = this.#queue.shift(); message !== undefined; message = this.#queue.shift()) {
      for (const subscriber of this.subscribers) {
        const { topic, pubsub = "pubsub" } = subscriber.subscription;
        if (topic !== message.topic || pubsub !== message.pubsub) continue;
        const delivery = await this.#deliverTo(subscriber, message);
        const { deadLetterTopic } = subscriber.subscription;
        if (delivery.outcome !== "SUCCESS" && deadLetterTopic !== undefined) {
          delivery.deadLetterTopic = deadLetterTopic;
          // As Dapr does it: the event is not touched, so its `topic` stays the one it was published to.
          this.#enqueue({ ...message, topic: deadLetterTopic });
        }
        deliveries.push(delivery);
      }
    }
    return deliveries;
  }

  async #deliverTo(subscriber: Subscriber, message: Message): Promise<Delivery> {
    const { subscription } = subscriber;
    const delivery: Delivery = { function: subscriber.function, topic: message.topic, attempts: 0, outcome: "DROP" };
    const event = subscription.rawPayload ? rawEvent(message) : message.event;
    // What was published raw can only be read by a subscription with `rawPayload`.
    if (event === undefined) return delivery;
    if (event.expiration !== undefined && Date.parse(event.expiration) <= this.#clock.now) {
      return { ...delivery, outcome: "EXPIRED" };
    }
    const allowed = subscription.retry?.maxRetries ?? DEFAULT_RETRIES;
    const retries = allowed < 0 ? ENDLESS_RETRIES : allowed;
    while (delivery.attempts <= retries) {
      delivery.attempts++;
      try {
        const word = await subscriber.handle(structuredClone(event), {
          attempt: delivery.attempts,
          pubsub: message.pubsub,
          topic: message.topic,
          // Conditions are evaluated by the server alone: here each event takes the default.
          ...(subscription.routes?.default === undefined ? {} : { route: subscription.routes.default }),
        });
        if (word === "DROP") return delivery;
        if (word !== "RETRY") return { ...delivery, outcome: "SUCCESS" };
      } catch (error) {
        delivery.error = error;
      }
    }
    return { ...delivery, outcome: "RETRIES_EXHAUSTED" };
  }

  #publish(source: string, args: PublishArgs, data: Uint8Array): void {
    const { pubsub = "pubsub", topic, contentType = "text/plain", metadata = {} } = args;
    if (!this.#names.includes(pubsub)) {
      throw failure("NOT_FOUND", `pubsub: there is no component "${pubsub}". Known: ${this.#names.join(", ")}`);
    }
    const base = { pubsub, topic, source, contentType, metadata, data };
    const event = metadata["rawPayload"] === "true" ? undefined : this.#wrap(base);
    this.#enqueue({ ...base, event });
  }

  #enqueue(message: Message): void {
    this.published.push(message);
    this.#queue.push(message);
  }

  #wrap({ pubsub, topic, contentType, metadata, data }: Omit<Message, "event">): CloudEvent {
    const text = Buffer.from(data).toString();
    const own: Record<string, string> = {};
    for (const field of ["id", "source", "type", "subject", "traceid", "traceparent", "tracestate"]) {
      const value = metadata[`cloudevent.${field}`];
      if (value !== undefined) own[field] = value;
    }
    const ttl = metadata["ttlInSeconds"];
    const expiration =
      ttl === undefined ? {} : { expiration: new Date(this.#clock.now + Number(ttl) * 1000).toISOString() };
    const defaults = {
      id: randomUUID(),
      source: "daplet",
      type: "com.dapr.event.sent",
      specversion: "1.0",
      time: new Date(this.#clock.now).toISOString(),
    };
    const fixed = { topic, pubsubname: pubsub, ...expiration };
    if (contentType === "application/cloudevents+json") {
      const event = JSON.parse(text) as CloudEvent;
      return { ...defaults, ...event, ...own, ...fixed };
    }
    const head = { ...defaults, datacontenttype: contentType, ...own, ...fixed };
    if (contentType === "application/octet-stream") {
      return { ...head, data: undefined, data_base64: Buffer.from(data).toString("base64") };
    }
    return { ...head, data: contentType === "application/json" ? parsed(text) : text };
  }
}

function rawEvent(message: Message): CloudEvent {
  const bytes = message.event === undefined ? message.data : Buffer.from(JSON.stringify(message.event));
  return {
    id: randomUUID(),
    source: "Dapr",
    type: "com.dapr.event.sent",
    specversion: "1.0",
    datacontenttype: "application/octet-stream",
    topic: message.topic,
    pubsubname: message.pubsub,
    data: undefined,
    data_base64: Buffer.from(bytes).toString("base64"),
  };
}

/** JSON that does not parse stays text, as in Dapr. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The body of an operation as bytes of its own. */
export function bytesOf(body: Body): Uint8Array {
  if (body === null) return new Uint8Array();
  return typeof body === "string" ? new TextEncoder().encode(body) : new Uint8Array(body.slice(0));
}

/** Bytes of one entry of `publishMany`: base64 for binary, a string for text, JSON for the rest. */
function entryBytes(event: unknown, contentType: string | undefined): Uint8Array {
  if (contentType === "application/octet-stream") return Buffer.from(String(event), "base64");
  if (contentType === "application/json" || contentType === "application/cloudevents+json") {
    return Buffer.from(JSON.stringify(event));
  }
  return Buffer.from(String(event));
}
