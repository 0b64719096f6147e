// Publishing in memory: who gets a message, how much may wait, dead letters.
import type { CloudEvent } from "../events.js";
import type { Body, Completion } from "../internal/call.js";
import type { Caller } from "./caller.js";
import type { FakeClock } from "./clock.js";
import { bytesOf, completion, textOf } from "./completion.js";
import { batchSize, deliverInBatches, type Delivery, deliverSingly, type Subscriber } from "./delivery.js";
import { failure, invalid, noComponent, unknownOperation } from "./error.js";
import { checkMetadata, essence, type Place, wrap } from "./event.js";
import { requireGrant } from "./grants.js";
import { Meter, type Quotas } from "./quotas.js";

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
  /** The event that subscribers get; undefined for a message that was published raw. */
  event: CloudEvent | undefined;
}

interface PublishArgs {
  pubsub?: string;
  topic: string;
  contentType?: string;
  metadata?: Record<string, string>;
}

type Entry = PublishArgs & { entryId?: string; event: unknown };

/** A message with the functions that it waits for. */
interface Waiting {
  message: Message;
  takers: Set<string>;
}

export class FakeBroker {
  readonly published: Message[] = [];
  readonly #subscribers: Subscriber[] = [];
  readonly #names: readonly string[];
  readonly #clock: FakeClock;
  readonly #meter: Meter;
  #queue: Waiting[] = [];
  /** Dead letters that wait for the first subscriber of their topic. */
  #kept: Message[] = [];

  constructor(names: readonly string[], clock: FakeClock, quotas: Quotas) {
    this.#names = names;
    this.#clock = clock;
    this.#meter = new Meter("messages", quotas);
  }

  run(op: string, caller: Caller, args: PublishArgs, body: Body): Completion {
    this.#check(op, caller, args);
    switch (op) {
      case "pubsub.publish": {
        const { contentType = "application/json" } = args;
        this.#enqueue([this.#message(caller, { ...args, contentType }, bytesOf(body))])();
        return completion({});
      }
      case "pubsub.publishMany":
        return this.#publishMany(op, caller, args, JSON.parse(textOf(body)) as Entry[]);
      default:
        throw unknownOperation(op);
    }
  }

  #publishMany(op: string, caller: Caller, { pubsub, topic }: PublishArgs, entries: readonly Entry[]): Completion {
    const place = { topic, ...(pubsub !== undefined && { pubsub }) };
    const outgoing = entries.map((entry) => {
      this.#check(op, caller, { ...place, ...(entry.metadata && { metadata: entry.metadata }) });
      return { id: entry.entryId, args: { ...entry, ...place }, data: entryBytes(entry.entryId ?? "", entry) };
    });
    const messages: Message[] = [];
    const failed: { entryId: string | undefined; error: string }[] = [];
    for (const { id, args, data } of outgoing) {
      try {
        messages.push(this.#message(caller, args, data));
      } catch (error) {
        if ((error as { code?: unknown }).code !== "ERR_PUBSUB_PUBLISH_MESSAGE") throw error;
        failed.push({ entryId: id, error: (error as Error).message });
      }
    }
    this.#enqueue(messages)();
    return completion({ failed });
  }

  /** Refuses the messages of a unit of work, or gives what publishes them. */
  prepare(caller: Caller, entries: readonly Entry[]): () => void {
    const messages = entries.map((entry) => {
      if (entry.topic === "") throw invalid("state.commit: a topic cannot be empty");
      return this.#message(caller, entry, entryBytes(entry.topic, entry));
    });
    return this.#enqueue(messages);
  }

  /** Puts a function's subscriptions in the place of the ones that it had. */
  subscribe(name: string, subscribers: readonly Subscriber[]): void {
    const others = this.#subscribers.filter((subscriber) => subscriber.function !== name);
    this.#subscribers.splice(0, Infinity, ...others, ...subscribers);
  }

  /** Hands every waiting message to its subscribers, and what those publish too, until nothing waits. */
  async deliver(): Promise<Delivery[]> {
    const deliveries: Delivery[] = [];
    const gathered = new Map<Subscriber, Message[]>();
    for (const message of this.#kept.splice(0)) this.#bury(message);
    while (this.#queue.length > 0 || gathered.size > 0) {
      const waiting = this.#queue.shift();
      // Batches are of whatever waits, so they come when there is nothing else.
      if (waiting === undefined) deliveries.push(...(await this.#deliverGathered(gathered)));
      else deliveries.push(...(await this.#deliverTo(waiting, gathered)));
    }
    return deliveries;
  }

  #subscribersOf({ pubsub, topic }: Place): Subscriber[] {
    return this.#subscribers.filter(
      ({ subscription }) => subscription.topic === topic && subscription.pubsub === pubsub,
    );
  }

  async #deliverTo({ message, takers }: Waiting, gathered: Map<Subscriber, Message[]>): Promise<Delivery[]> {
    const deliveries: Delivery[] = [];
    let first = true;
    for (const taker of takers) {
      this.#meter.add(taker, -sizeOf(message), first ? -sizeOf(message) : 0);
      first = false;
      const subscriber = this.#subscribersOf(message).find((one) => one.function === taker);
      if (subscriber === undefined) continue;
      if (batchSize(subscriber.subscription) !== undefined) {
        gathered.set(subscriber, [...(gathered.get(subscriber) ?? []), message]);
        continue;
      }
      const delivery = await deliverSingly(subscriber, message, this.#clock.now);
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
    const dead = { ...message, topic: deadLetterTopic };
    this.published.push(dead);
    this.#bury(dead);
    return { ...delivery, deadLetterTopic };
  }

  #bury(message: Message): void {
    const takers = new Set(this.#subscribersOf(message).map((subscriber) => subscriber.function));
    if (takers.size === 0) this.#kept.push(message);
    else this.#wait(message, takers);
  }

  /** Refuses messages that no subscriber has room for; else gives what appends them. */
  #enqueue(messages: readonly Message[]): () => void {
    const waiting = messages.map((message) => {
      const subscribers = this.#subscribersOf(message).map((subscriber) => subscriber.function);
      return { message, takers: new Set(subscribers) };
    });
    const more = new Map<string, number>();
    for (const { message, takers } of waiting) {
      for (const taker of takers) more.set(taker, (more.get(taker) ?? 0) + sizeOf(message));
    }
    const stored = waiting.filter(({ takers }) => takers.size > 0).reduce((sum, one) => sum + sizeOf(one.message), 0);
    const full = new Map([...more].map(([taker, bytes]) => [taker, this.#meter.refusal(taker, bytes, 0)]));
    const inAll = this.#meter.refusal("", 0, stored);
    if (inAll !== undefined) throw inAll;
    for (const { takers } of waiting) {
      const refusals = [...takers].flatMap((taker) => full.get(taker) ?? []);
      if (refusals.length > 0 && refusals.length === takers.size) throw refusals[0] as Error;
      for (const taker of takers) if (full.get(taker) !== undefined) takers.delete(taker);
    }
    return () => {
      for (const { message, takers } of waiting) {
        this.published.push(message);
        if (takers.size > 0) this.#wait(message, takers);
      }
    };
  }

  #wait(message: Message, takers: Set<string>): void {
    let first = true;
    for (const taker of takers) {
      this.#meter.add(taker, sizeOf(message), first ? sizeOf(message) : 0);
      first = false;
    }
    this.#queue.push({ message, takers });
  }

  #check(op: string, caller: Caller, { pubsub = "pubsub", topic, metadata = {} }: PublishArgs): void {
    if (topic === "") throw invalid("a topic cannot be empty");
    requireGrant(caller, "topics", `${pubsub}/${topic}`);
    try {
      checkMetadata(metadata);
    } catch (error) {
      throw invalid(`${op}: metadata: ${(error as Error).message}`);
    }
  }

  #message(caller: Caller, args: PublishArgs, data: Uint8Array): Message {
    const { pubsub = "pubsub", topic, contentType = "application/json", metadata = {} } = args;
    if (!this.#names.includes(pubsub)) throw noComponent("ERR_PUBSUB_NOT_FOUND", `pubsub ${pubsub} is`, this.#names);
    const message = { pubsub, topic, contentType, metadata, data };
    try {
      const event = wrap({ ...message, traceparent: caller.traceparent }, this.#clock.now);
      return { ...message, source: caller.function, event };
    } catch (error) {
      throw failure("ERR_PUBSUB_PUBLISH_MESSAGE", (error as Error).message);
    }
  }
}

function sizeOf({ event, data }: Message): number {
  return event === undefined ? data.length : Buffer.byteLength(JSON.stringify(event));
}

/** Bytes of an event that stands in JSON, by the rules of Dapr's bulk publish. */
function entryBytes(id: string, { event, contentType = "application/json" }: Entry): Uint8Array {
  const kind = essence(contentType);
  if (kind === "application/json" || kind === "application/cloudevents+json") return Buffer.from(JSON.stringify(event));
  const binary = kind === "application/octet-stream";
  if (!binary && !kind.startsWith("text/") && kind !== "application/xml") {
    throw invalid(`entry ${id}: the content type ${JSON.stringify(kind)} cannot be published in a batch`);
  }
  if (typeof event !== "string") throw invalid(`entry ${id}: an event of type ${contentType} must be a string`);
  return Buffer.from(event, binary ? "base64" : "utf8");
}
