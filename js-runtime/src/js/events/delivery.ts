// Deliveries: what becomes of an event, or of each event of a batch, by what the handler returned.
import { log } from "daplet:natives";
import { type AckStatus, LogLevel } from "../abi.js";
import { emit } from "../invocation.js";
import { has, isArray, quote } from "../primordials.js";
import { kind } from "../refuse.js";

const OUTCOMES: Record<string, AckStatus> = {
  __proto__: null as never,
  SUCCESS: "SUCCESS",
  RETRY: "RETRY",
  DROP: "DROP",
};

export const acknowledge = (value: unknown): void => {
  const word = typeof value === "object" && value !== null ? (value as { status?: unknown }).status : value;
  if (typeof word === "string" && !has(OUTCOMES, word)) {
    log(
      LogLevel.Warn,
      `the handler returned ${quote(word)}; known are "SUCCESS", "RETRY" and "DROP"; taken as "SUCCESS"`,
    );
  }
  emit(`{"type":"ack","status":"${(typeof word === "string" ? OUTCOMES[word] : undefined) ?? "SUCCESS"}"}`, null);
};

/** How many events the handler was given. */
let batched = 0;

export const expectBatch = (events: number): void => {
  batched = events;
};

/** A handler of batches may return an outcome for each event. */
export const acknowledgeEach = (value: unknown): void => {
  if (!isArray(value)) {
    acknowledge(value);
    return;
  }
  const given: readonly unknown[] = value;
  let odd = given.length === batched ? undefined : `${given.length} outcomes for ${batched} events`;
  let words = "";
  for (let i = 0; i < batched; i++) {
    const word = i < given.length ? given[i] : "RETRY";
    const known = typeof word === "string" && has(OUTCOMES, word);
    if (!known) {
      odd ??= `${typeof word === "string" ? quote(word) : kind(word)} for event ${i}; known are "SUCCESS", "RETRY" and "DROP"`;
    }
    words += `${i === 0 ? "" : ","}"${known ? word : "RETRY"}"`;
  }
  if (odd !== undefined)
    log(LogLevel.Warn, `the handler returned ${odd}; what is missing or unknown is taken as "RETRY"`);
  emit(`{"type":"acks","statuses":[${words}]}`, null);
};
