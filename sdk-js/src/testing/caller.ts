// Who asks for an operation.
import type { ActorId } from "./actor-id.js";
import type { Grants } from "./grants.js";

export interface Caller {
  function: string;
  /** Undefined: everything is granted, as to the test itself. */
  grants: Grants | undefined;
  /** How many functions called each other on the way here. */
  depth: number;
  traceparent: string | null;
  /** Its module is being loaded: it may ask for nothing. */
  loading?: boolean;
  /** The actor whose turn it is, and the actors whose turns wait for it. */
  turn: readonly ActorId[];
}

/** The test itself, which uses the SDK outside of any function: it may reach everything. */
export const TEST: Caller = { function: "test", grants: undefined, depth: 0, traceparent: null, turn: [] };

/** Functions that call each other this deep are taken for an endless chain. */
export const MAX_DEPTH = 16;
