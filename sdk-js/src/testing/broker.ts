// Publishing in memory: CloudEvents as Dapr wraps them, who gets them, dead letters.
import { randomUUID } from "node:crypto";
import type { CloudEvent } from "../events.js";
import type { Body, Completion } from "../internal/call.js";
import type { FakeClock } from "./clock.js";
import { batchSize, deliverAlone, deliverInBatches, type Delivery, type Subscriber } from "./delivery.js";
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

interface PublishArgs {
  pubsub?: string;
  topic: string;
  contentType?: string;
  metadata?: Record<string, string>;
}

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
    const gathered = new Map<Subscriber, Message[]>();
    while (this.#queue.length > 0 || gathered.size > 0) {
      const message = this.#queue.shift();
      // Batches are of whatever waits, so they come when there is nothing else.
      if (message === undefined) deliveries.push(...(await this.#deliverGathered(gathered)));
      else deliveries.push(...(await this.#deliverTo(this.#subscribersOf(message), message, gathered)));
    }
    return deliveries;
  }

  #subscribersOf({ pubsub, topic }: Message): Subscriber[] {
    return this.subscribers.filter(
      ({ subscription }) => subscription.topic === topic && (subscription.pubsub ?? "pubsub") === pubsub,
    );
  }

  async #deliverTo(subscribers: Subscriber[], message: Message, gathered: Map<Subscriber, Message[]>) {
    const deliveries: Delivery[] = [];
    for (const subscriber of subscribers) {
      if (batchSize(subscriber.subscription) !== undefined) {
        gathered.set(subscriber, [...(gathered.get(subscriber) ?? []), message]);
        continue;
      }
      const delivery = await deliverAlone(subscriber, message, this.#clock.now);
      deliveries.push(this.#ended(subscriber, message, delivery));
    }
    return deliveries;
  }

  async #deliverGathered(gathered: Map<Subscriber, Message[]>): Promise<Delivery[]> {
    const [next] = gathered;
    if (next === undefined) return [];
    const [subscriber, messages] = next;
    gathered.delete(subscriber);
    const deliveries = await deliverInBatches(subscriber, messages, this.#clock.now);
    return messages.map((message, index) => this.#ended(subscriber, message, deliveries[index] as Delivery));
  }

  /** Publishes the dead letter of a message that failed for good. */
  #ended({ subscription: { deadLetterTopic } }: Subscriber, message: Message, delivery: Delivery): Delivery {
    if (delivery.outcome === "SUCCESS" || deadLetterTopic === undefined) return delivery;
    // As Dapr does it: the event is not touched, so its `topic` stays the one it was published to.
    this.#enqueue({ ...message, topic: deadLetterTopic });
    return { ...delivery, deadLetterTopic };
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
