// What a function may reach, by the rules of the host: spaces and secrets only where granted, the rest unless a list says less.
import { failure } from "./error.js";

/** The grants of an upload. */
export interface Grants {
  spaces?: readonly string[];
  /** `store/key`; a `*` at the end stands for any rest. */
  secrets?: readonly string[];
  /** Keys for encryption, `key` or `component/key`. */
  keys?: readonly string[];
  stores?: readonly string[];
  /** `pubsub/topic` */
  topics?: readonly string[];
  /** Topics to subscribe to, `pubsub/topic` */
  subscribe?: readonly string[];
  /** Output bindings. */
  bindings?: readonly string[];
  /** Types of actors to call. */
  actors?: readonly string[];
  /** Components of workflows and conversations. */
  components?: readonly string[];
  /** App-ids. */
  apps?: readonly string[];
  /** `store/key` */
  configuration?: readonly string[];
  /** Locks, `resource` in any store or `store/resource`; absent: those of the function's own name. */
  locks?: readonly string[];
  /** Input bindings whose events the function may take. */
  inputs?: readonly string[];
}

/** Who asks. */
export interface Caller {
  function: string;
  /** Undefined: everything is granted, as to the test itself. */
  grants: Grants | undefined;
  /** The actor whose turn it is, `type/id`, and those whose turns wait for it. */
  turn?: readonly string[];
}

/** Whether a list allows what is wanted. A `*` does not reach over the slash after a component. */
export function allows(granted: readonly string[], wanted: string): boolean {
  return granted.some((entry) => {
    if (!entry.endsWith("*") || entry === "*") return entry === "*" || entry === wanted;
    const start = entry.slice(0, -1);
    return wanted.startsWith(start) && (start.includes("/") || !wanted.slice(start.length).includes("/"));
  });
}

/** Whether a list allows a thing of a component: entries are `name`, in any component, or `component/name`. */
export function allowsIn(granted: readonly string[], component: string, name: string): boolean {
  const of = (entry: string, wanted: string) =>
    entry.endsWith("*") ? wanted.startsWith(entry.slice(0, -1)) : entry === wanted;
  return granted.some((entry) => {
    const slash = entry.indexOf("/");
    if (slash < 0) return entry === "*" || (of(entry, name) && !name.includes("/"));
    return entry.slice(0, slash) === component && of(entry.slice(slash + 1), name);
  });
}

/** Refuses what a list that is there does not allow. */
export function requireGrant(caller: Caller, list: keyof Grants, wanted: string): void {
  const granted = caller.grants?.[list];
  if (granted !== undefined && !allows(granted, wanted)) throw refused(caller, list, wanted);
}

/** The refusal, with the grant to add. */
export function refused(caller: Caller, list: keyof Grants, wanted: string): Error {
  const message = `${caller.function} holds no grant for "${wanted}"; add it to \`grants.${list}\` in the upload`;
  return failure("PERMISSION_DENIED", message);
}
