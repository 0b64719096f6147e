// The event that is handled. One object holds what the dispatcher sets for each invocation, for every page that an invocation writes is
// copied back after it; a property costs less than a call.
import { now } from "daplet:natives";
import { EventKind } from "./abi.js";

const { max } = Math;

export const current = {
  /** What happened, if it is no request. */
  kind: EventKind.Http,
  /** The event's head, unparsed. */
  head: "{}",
  /** When the invocation began, milliseconds since the Unix epoch: never the time of the snapshot. */
  startedAt: 0,
};

export const elapsed = (): number => max(0, now() - current.startedAt);
