// What a function may reach, by the rules of the host: spaces, secrets and keys only where granted, the rest unless a list says less.
import { failure, type Failure, UploadError } from "./error.js";
import { isHostEntry } from "./hosts.js";

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
  /** App-ids. */
  apps?: readonly string[];
  /** Types of actors to call. */
  actors?: readonly string[];
  /** Components of workflows and conversations. */
  components?: readonly string[];
  /** Output bindings. */
  bindings?: readonly string[];
  /** `store/key` */
  configuration?: readonly string[];
  /** Locks, `resource` in any store or `store/resource`; absent: those of the function's own name. */
  locks?: readonly string[];
  /** Input bindings whose events the function may take. */
  inputs?: readonly string[];
  /** Hosts to fetch from, `host`, `*.domain` or `host:port`; absent: every host. */
  hosts?: readonly string[];
}

const LISTS: readonly (keyof Grants)[] = [
  "spaces",
  "secrets",
  "keys",
  "stores",
  "topics",
  "subscribe",
  "apps",
  "actors",
  "components",
  "bindings",
  "configuration",
  "locks",
  "inputs",
  "hosts",
];

/** What `requireGrant` must know of a caller. */
interface Holder {
  function: string;
  /** Undefined: everything is granted, as to the test itself. */
  grants: Grants | undefined;
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

/** Whether a configuration item may be read. */
export function hasConfiguration({ grants }: Holder, store: string, key: string): boolean {
  return grants?.configuration === undefined || allows(grants.configuration, `${store}/${key}`);
}

/** Whether events of an input binding may be taken. */
export function hasInput({ grants }: Holder, binding: string): boolean {
  return grants?.inputs === undefined || allows(grants.inputs, binding);
}

/** Refuses what a list that is there does not allow. */
export function requireGrant(caller: Holder, list: keyof Grants, wanted: string): void {
  const granted = caller.grants?.[list];
  if (granted !== undefined && !allows(granted, wanted)) throw refused(caller, list, wanted);
}

/** The refusal, with the grant to add. */
export function refused(caller: Holder, list: keyof Grants, wanted: string): Failure {
  const message = `${caller.function} holds no grant for ${JSON.stringify(wanted)}; add it to \`grants.${list}\` in the upload`;
  return failure("PERMISSION_DENIED", message);
}

/** Refuses lists that do not exist, and entries that could never allow anything. */
export function checkGrants(grants: Grants): void {
  for (const list of Object.keys(grants)) {
    if (LISTS.includes(list as keyof Grants)) continue;
    const known = LISTS.map((name) => `\`${name}\``).join(", ");
    throw new UploadError(400, "badRequest", `grants: unknown field \`${list}\`, expected one of ${known}`);
  }
  const check = (list: keyof Grants, fits: (entry: string) => boolean, form: string, any: string) => {
    const entry = grants[list]?.find((entry) => !fits(entry));
    if (entry === undefined) return;
    const wanted = `an entry is of the form "${form}", or "${any}" for all`;
    throw new UploadError(400, "badRequest", `grants.${list} has ${JSON.stringify(entry)}, but ${wanted}`);
  };
  for (const list of ["keys", "locks"] as const) {
    check(list, (entry) => /^([^/]+|[^/]+\/.+)$/s.test(entry), "name or component/name", "component/*");
  }
  check("hosts", isHostEntry, "host, *.domain or host:port", "*");
  // No component is named by a pattern: such an entry would match nothing.
  const whole = (entry: string) => /^[^/*]+\/.+$/s.test(entry);
  check("secrets", whole, "store/key", "store/*");
  check("topics", whole, "pubsub/topic", "pubsub/*");
  check("subscribe", whole, "pubsub/topic", "pubsub/*");
  check("configuration", whole, "store/key", "store/*");
}
