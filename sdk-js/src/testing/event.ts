// CloudEvents as Dapr wraps messages, by the rules of the host. Pure functions.
import { randomUUID } from "node:crypto";
import type { CloudEvent } from "../events.js";
import { duration } from "./schedule.js";

/** The source of an event that names none, and its type. */
const SOURCE = "Dapr";
const TYPE = "com.dapr.event.sent";

/** A message to wrap. */
export interface Outgoing {
  pubsub: string;
  topic: string;
  contentType: string;
  metadata: Readonly<Record<string, string>>;
  data: Uint8Array;
  /** The trace that goes on with it. */
  traceparent: string | null;
}

/** The media type without its parameters, in lower case. */
export function essence(contentType: string): string {
  return (contentType.split(";")[0] ?? "").trim().toLowerCase();
}

/** Metadata by its name, whatever its case. */
function given(metadata: Readonly<Record<string, string>>, wanted: string): string | undefined {
  const found = Object.entries(metadata).find(([name]) => name.toLowerCase() === wanted.toLowerCase());
  return found?.[1] === "" ? undefined : found?.[1];
}

/** Whether the data is published as it is; throws where `rawPayload` is no boolean. */
function rawPayload(metadata: Readonly<Record<string, string>>): boolean {
  const value = given(metadata, "rawPayload") ?? "0";
  if (/^(0|f|F|false|FALSE|False)$/.test(value)) return false;
  if (/^(1|t|T|true|TRUE|True)$/.test(value)) return true;
  throw new Error(`rawPayload value must be a valid boolean: actual is '${value}'`);
}

/** How long an event is wanted, milliseconds. */
function lifetime(metadata: Readonly<Record<string, string>>): number | undefined {
  const text = given(metadata, "ttlInSeconds") ?? given(metadata, "ttl");
  if (text === undefined) return undefined;
  if (/^\+?\d+$/.test(text)) return Number(text) * 1_000;
  if (/^-\d+$/.test(text)) throw new Error(`ttlInSeconds value must be higher than zero: actual is '${text}'`);
  try {
    return duration("", text);
  } catch {
    throw new Error(`ttlInSeconds value must be a valid integer: actual is '${text}'`);
  }
}

/** Throws an Error about metadata that cannot be read. */
export function checkMetadata(metadata: Readonly<Record<string, string>>): void {
  rawPayload(metadata);
  lifetime(metadata);
}

/** As Go writes a moment. */
function moment(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
}

/** The CloudEvent of a message; undefined for a raw payload. Throws an Error if the data must be a CloudEvent and is not. */
export function wrap(message: Outgoing, now: number): CloudEvent | undefined {
  if (rawPayload(message.metadata)) return undefined;
  const own = essence(message.contentType) === "application/cloudevents+json";
  const event = own ? ownEvent(message, now) : enveloped(message, now);
  const ms = lifetime(message.metadata);
  if (ms !== undefined) event.expiration = moment(now + ms);
  return event;
}

/** A CloudEvent of the publisher's: what it says stays as it is, also beside metadata that says otherwise. */
function ownEvent({ data, pubsub, topic, traceparent }: Outgoing, now: number): CloudEvent {
  let read: unknown;
  try {
    read = JSON.parse(new TextDecoder().decode(data));
  } catch (error) {
    throw new Error(`the data is no CloudEvent in JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof read !== "object" || read === null || Array.isArray(read)) {
    throw new Error("the data is no CloudEvent in JSON: expected a map");
  }
  const event = read as CloudEvent;
  if (event.traceid === undefined) event.traceid = event.traceparent = event.traceparent ?? traceparent ?? "";
  event.tracestate ??= "";
  event.time ??= moment(now);
  Object.assign(event, { pubsubname: pubsub, topic });
  const defaults = { source: SOURCE, type: TYPE, specversion: "1.0", id: randomUUID() };
  for (const [name, value] of Object.entries(defaults)) event[name] ??= value;
  return event;
}

/** An event around the data, its attributes as metadata has them. */
function enveloped({ data, pubsub, topic, metadata, traceparent, ...message }: Outgoing, now: number): CloudEvent {
  const contentType = message.contentType === "" ? "text/plain" : message.contentType;
  const said = (name: string) => given(metadata, `cloudevent.${name}`);
  const parent = said("traceparent") ?? said("traceid") ?? traceparent ?? "";
  const subject = said("subject");
  const event = {
    id: said("id") ?? randomUUID(),
    specversion: "1.0",
    datacontenttype: contentType,
    source: said("source") ?? "daplet",
    type: said("type") ?? TYPE,
    topic,
    pubsubname: pubsub,
    traceid: parent,
    traceparent: parent,
    tracestate: said("tracestate") ?? "",
    time: moment(now),
    ...(subject !== undefined && { subject }),
  };
  const text = new TextDecoder().decode(data);
  const kind = essence(contentType);
  if (kind === "application/octet-stream" || kind === "application/cloudevents+protobuf") {
    return { ...event, data: undefined, data_base64: Buffer.from(data).toString("base64") };
  }
  return { ...event, data: kind === "application/json" ? parsed(text) : text };
}

/** JSON that does not parse stays text, as in Dapr. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What a subscriber gets of a message: its event, or one made around its bytes. */
export function unwrap(
  message: { data: Uint8Array; event: CloudEvent | undefined },
  raw: boolean,
  place: Place,
): CloudEvent {
  if (!raw && message.event !== undefined) return message.event;
  const bytes = message.event === undefined ? message.data : Buffer.from(JSON.stringify(message.event));
  const read = raw ? undefined : parsed(new TextDecoder().decode(bytes));
  if (typeof read === "object" && read !== null && "specversion" in read) return read as CloudEvent;
  return {
    id: randomUUID(),
    specversion: "1.0",
    source: SOURCE,
    type: TYPE,
    datacontenttype: "application/octet-stream",
    topic: place.topic,
    pubsubname: place.pubsub,
    data: undefined,
    data_base64: Buffer.from(bytes).toString("base64"),
  };
}

/** A topic of a component. */
export interface Place {
  pubsub: string;
  topic: string;
}
