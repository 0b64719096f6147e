// Handing messages to one subscriber, singly or in batches, until each has its outcome; retries without pauses.
import type { CloudEvent } from "../events.js";
import type { DeclaredSubscription } from "./declarations.js";
import type { Message } from "./broker.js";
import { unwrap } from "./event.js";

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

/** What a handler knows beside the event. */
export interface About {
  pubsub: string;
  topic: string;
  route?: string;
}

/** A function's subscription with the handlers' calls; the promises give the handlers' words. */
export interface Subscriber {
  function: string;
  subscription: DeclaredSubscription;
  handle: (event: CloudEvent, about: About & { attempt: number }) => Promise<unknown>;
  handleBatch: (events: CloudEvent[], about: About & { attempts: number[] }) => Promise<unknown>;
}

/** Retries of a subscription that sets none, and the most of one that sets no end. */
const DEFAULT_RETRIES = 3;
const ENDLESS_RETRIES = 100;

/** Events that a batch of the subscription has at most; undefined where they come one by one. */
export function batchSize({ bulkSubscribe }: DeclaredSubscription): number | undefined {
  return bulkSubscribe?.maxMessagesCount;
}

/** A message that the subscriber wants, with its event; without one it has its outcome already. */
interface Underway {
  delivery: Delivery;
  event?: CloudEvent;
}

function begin({ function: name, subscription }: Subscriber, message: Message, now: number): Underway {
  const delivery: Delivery = { function: name, topic: message.topic, attempts: 0, outcome: "EXPIRED" };
  const event = unwrap(message, subscription.rawPayload, subscription);
  if (event.expiration !== undefined && Date.parse(event.expiration) <= now) return { delivery };
  return { delivery: { ...delivery, outcome: "DROP" }, event };
}

function retries({ retry }: DeclaredSubscription): number {
  const allowed = retry?.maxRetries ?? DEFAULT_RETRIES;
  return allowed < 0 ? ENDLESS_RETRIES : allowed;
}

function about({ pubsub, topic, routes }: DeclaredSubscription): About {
  // Only the server evaluates conditions: here each event takes the first rule without one, or the default.
  const route = routes?.rules.find(({ match }) => match === "")?.path ?? routes?.default;
  return { pubsub, topic, ...(route !== undefined && { route }) };
}

/** Hands one message over until it has its outcome. */
export async function deliverSingly(subscriber: Subscriber, message: Message, now: number): Promise<Delivery> {
  const { delivery, event } = begin(subscriber, message, now);
  if (event === undefined) return delivery;
  const { subscription } = subscriber;
  while (delivery.attempts <= retries(subscription)) {
    delivery.attempts++;
    try {
      const told = { ...about(subscription), attempt: delivery.attempts };
      const word = await subscriber.handle(structuredClone(event), told);
      if (word === "DROP") return delivery;
      if (word !== "RETRY") return { ...delivery, outcome: "SUCCESS" };
    } catch (error) {
      delivery.error = error;
    }
  }
  return { ...delivery, outcome: "RETRIES_EXHAUSTED" };
}

/** Hands messages of one topic over in batches until each has its outcome; a message that failed goes into a later batch. */
export async function deliverInBatches(
  subscriber: Subscriber,
  messages: readonly Message[],
  now: number,
): Promise<Delivery[]> {
  const { subscription } = subscriber;
  const size = batchSize(subscription) ?? 1;
  const all = messages.map((message) => begin(subscriber, message, now));
  const waiting = all.filter(({ event }) => event !== undefined);
  while (waiting.length > 0) {
    const batch = waiting.splice(0, size);
    for (const { delivery } of batch) delivery.attempts++;
    const outcome = await handBatch(subscriber, batch);
    for (const [index, entry] of batch.entries()) {
      const { word, error } = outcome(index);
      if (error !== undefined) entry.delivery.error = error;
      if (word === "RETRY" && entry.delivery.attempts <= retries(subscription)) waiting.push(entry);
      else entry.delivery.outcome = word === "RETRY" ? "RETRIES_EXHAUSTED" : word;
    }
  }
  return all.map(({ delivery }) => delivery);
}

type Outcome = (index: number) => { word: "SUCCESS" | "RETRY" | "DROP"; error?: unknown };

async function handBatch({ subscription, handleBatch }: Subscriber, batch: readonly Underway[]): Promise<Outcome> {
  const attempts = batch.map(({ delivery }) => delivery.attempts);
  const events = batch.map(({ event }) => structuredClone(event) as CloudEvent);
  try {
    const answer = await handleBatch(events, { ...about(subscription), attempts });
    if (!Array.isArray(answer)) {
      return () => ({ word: answer === "RETRY" || answer === "DROP" ? answer : "SUCCESS" });
    }
    const words: readonly unknown[] = answer;
    // What is missing, or no word, is tried again.
    const known = (word: unknown) => (word === "SUCCESS" || word === "DROP" ? word : "RETRY");
    return (index) => ({ word: known(words[index]) });
  } catch (error) {
    return () => ({ word: "RETRY", error });
  }
}
