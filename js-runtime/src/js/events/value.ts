// Events whose handler is given one value, parsed from the frame's body: topics, batches, jobs, bindings, configuration.
import { textOf } from "../../web/body/source.js";
import { EventKind } from "../abi.js";
import { context } from "../context.js";
import { about, env, eventHandlers, type Handler, HANDLERS } from "../function.js";
import { NativeUint8Array, parse } from "../primordials.js";
import { refuse } from "../refuse.js";
import { expectBatch } from "./delivery.js";
import { callScheduled, isScheduled, type Job } from "./scheduled.js";

export const parseBody = (body: ArrayBuffer | null): unknown =>
  body === null ? null : parse(textOf(new NativeUint8Array(body)));

export const callHandler = (event: EventKind, body: ArrayBuffer | null): unknown => {
  const name = HANDLERS[event] as string;
  const handlers = eventHandlers[event] ?? null;
  const value = parseBody(body);
  if (event === EventKind.Job && isScheduled(value as Job, handlers !== null)) return callScheduled(value as Job);
  if (handlers === null) return refuse(`${about.name} has no "${name}" handler`);
  if (event === EventKind.Messages) expectBatch((value as unknown[]).length);
  return (handlers[name] as Handler)(value, env, context);
};
