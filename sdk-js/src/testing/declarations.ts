// What a module declares beside its handlers: subscriptions, schedules, bindings and the configuration that it watches. A wrong
// declaration is refused with its place and with what may stand there.
// The rules and words are the guest's; `tests/cases/declarations.json` holds both to them. Must not know what becomes of a declaration.
import type { BulkSubscribe, RetryPolicy, RoutingRule } from "../events.js";

/** A subscription with its defaults filled in. */
export interface DeclaredSubscription {
  pubsub: string;
  topic: string;
  deadLetterTopic: string | undefined;
  retry: RetryPolicy | undefined;
  rawPayload: boolean;
  routes: DeclaredRoutes | undefined;
  /** Absent where messages are delivered one by one. */
  bulkSubscribe: Required<Omit<BulkSubscribe, "enabled">> | undefined;
}

export interface DeclaredRoutes {
  rules: Required<RoutingRule>[];
  default: string | undefined;
}

export interface DeclaredSchedule {
  name: string;
  schedule: string;
  data: unknown;
}

export interface DeclaredWatch {
  store: string;
  keys: string[];
}

/** Every declaration of a module. */
export interface Declarations {
  subscriptions: DeclaredSubscription[];
  schedules: DeclaredSchedule[];
  bindings: string[];
  configuration: DeclaredWatch[];
}

/** The exports of a module, as `import * as module` gives them. */
export type Exports = Readonly<Record<string, unknown>>;

/** Throws the error that an upload is refused with. */
export function refuse(message: string): never {
  throw new TypeError(message);
}

/** A value in the words of a refusal. */
export function kind(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

type Members = Record<string, unknown>;

const SUBSCRIPTION_KEYS = ["pubsub", "topic", "deadLetterTopic", "retry", "rawPayload", "routes", "bulkSubscribe"];
/** Dapr has no such bounds; these keep one batch within the memory and the time of one invocation. */
const MAX_MESSAGES = 1000;
const MAX_AWAIT_MS = 60000;

function list(value: unknown, name: string): unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as unknown[]) : refuse(`"${name}" must be an array, not ${kind(value)}`);
}

function object(value: unknown, where: string, form: string): Members {
  if (typeof value === "object" && value !== null) return value as Members;
  return refuse(`${where} must be ${form}, not ${kind(value)}`);
}

function text(value: unknown, where: string): string {
  return typeof value === "string" && value !== "" ? value : refuse(`${where} must be a non-empty string`);
}

function onlyKeys(members: Members, known: readonly string[], where: string): void {
  for (const key of Object.keys(members)) {
    if (!known.includes(key)) refuse(`${where} has an unknown key "${key}"; known are ${known.join(", ")}`);
  }
}

function readSubscriptions(value: unknown): DeclaredSubscription[] {
  return list(value, "subscriptions").map((given, index) => {
    const where = `subscriptions[${index}]`;
    const entry = typeof given === "string" ? { topic: given } : object(given, where, 'an object with "topic"');
    onlyKeys(entry, SUBSCRIPTION_KEYS, where);
    const { pubsub = "pubsub", topic, deadLetterTopic, retry, rawPayload = false, routes, bulkSubscribe } = entry;
    text(topic, `${where}.topic`);
    text(pubsub, `${where}.pubsub`);
    if (deadLetterTopic !== undefined && typeof deadLetterTopic !== "string") {
      refuse(`${where}.deadLetterTopic must be a string`);
    }
    if (typeof rawPayload !== "boolean") refuse(`${where}.rawPayload must be true or false`);
    if (retry !== undefined && (typeof retry !== "object" || retry === null))
      refuse(`${where}.retry must be an object`);
    return {
      pubsub: pubsub as string,
      topic: topic as string,
      deadLetterTopic,
      retry,
      rawPayload,
      routes: readRoutes(routes, `${where}.routes`),
      bulkSubscribe: readBulk(bulkSubscribe, `${where}.bulkSubscribe`),
    };
  });
}

/** Dapr's names and defaults; `true` is short for those. */
function readBulk(given: unknown, where: string): DeclaredSubscription["bulkSubscribe"] {
  const bulk = given === true ? {} : given;
  if (bulk === undefined || bulk === false) return undefined;
  const members = object(bulk, where, "true or an object");
  onlyKeys(members, ["enabled", "maxMessagesCount", "maxAwaitDurationMs"], where);
  const { enabled = true, maxMessagesCount = 100, maxAwaitDurationMs = 1000 } = members;
  if (typeof enabled !== "boolean") refuse(`${where}.enabled must be true or false`);
  const whole = (name: string, value: unknown, most: number): number => {
    if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most) return value;
    const is = typeof value === "number" ? String(value) : kind(value);
    return refuse(`${where}.${name} is ${is}, but must be a whole number from 1 to ${most}`);
  };
  const bounds = {
    maxMessagesCount: whole("maxMessagesCount", maxMessagesCount, MAX_MESSAGES),
    maxAwaitDurationMs: whole("maxAwaitDurationMs", maxAwaitDurationMs, MAX_AWAIT_MS),
  };
  return enabled ? bounds : undefined;
}

function readRoutes(routes: unknown, where: string): DeclaredRoutes | undefined {
  if (routes === undefined) return undefined;
  const members = object(routes, where, 'an object with "rules" or "default"');
  onlyKeys(members, ["rules", "default"], where);
  const { rules = [], default: otherwise } = members;
  if (!Array.isArray(rules)) return refuse(`${where}.rules must be an array, not ${kind(rules)}`);
  if (otherwise !== undefined && typeof otherwise !== "string") return refuse(`${where}.default must be a string`);
  if (rules.length === 0 && otherwise === undefined) refuse(`${where} must have a rule or a default`);
  const read = (rule: unknown, index: number): Required<RoutingRule> => {
    const at = `${where}.rules[${index}]`;
    if (typeof rule !== "object" || rule === null) return refuse(`${at} must be an object with "match" and "path"`);
    const { match = "", path } = rule as Members;
    if (typeof match !== "string") return refuse(`${at}.match must be a string`);
    if (typeof path !== "string") return refuse(`${at}.path must be a string`);
    return { match, path };
  };
  return { rules: (rules as unknown[]).map(read), default: otherwise };
}

function readSchedules(value: unknown): DeclaredSchedule[] {
  return list(value, "schedules").map((given, index) => {
    const where = `schedules[${index}]`;
    const entry = typeof given === "string" ? { schedule: given } : object(given, where, 'an object with "schedule"');
    onlyKeys(entry, ["name", "schedule", "data"], where);
    const { name, schedule, data } = entry;
    if (typeof schedule !== "string") return refuse(`${where}.schedule must be a string`);
    return { name: name === undefined ? schedule : text(name, `${where}.name`), schedule, data };
  });
}

function readNames(value: unknown, where: string): string[] {
  return list(value, where).map((name, index) => text(name, `${where}[${index}]`));
}

function readWatches(value: unknown): DeclaredWatch[] {
  return list(value, "configuration").map((given, index) => {
    const where = `configuration[${index}]`;
    const entry = object(given, where, 'an object with "store" and "keys"');
    onlyKeys(entry, ["store", "keys"], where);
    const { store = "configstore", keys: watched } = entry;
    return { store: text(store, `${where}.store`), keys: readNames(watched, `${where}.keys`) };
  });
}

/** Reads every declaration of a module, and checks that each has its handler. `handles` says whether the module has a handler. */
export function readDeclarations(exports: Exports, handles: (event: string) => boolean): Declarations {
  const subscriptions = readSubscriptions(exports["subscriptions"]);
  if (subscriptions.some((subscription) => !subscription.bulkSubscribe) && !handles("message")) {
    refuse(
      'the module exports "subscriptions" but no "message" handler: add `message(event, env, ctx)` to the default export',
    );
  }
  const bulk = subscriptions.findIndex((subscription) => subscription.bulkSubscribe);
  if (bulk >= 0 && !handles("messages")) {
    refuse(
      `subscriptions[${bulk}] has "bulkSubscribe" but there is no "messages" handler: add \`messages(events, env, ctx)\` to the default export`,
    );
  }
  if (bulk < 0 && handles("messages")) {
    refuse(
      'the module exports a "messages" handler but no subscription with "bulkSubscribe": add it to one of "subscriptions"',
    );
  }
  const schedules = readSchedules(exports["schedules"]);
  if (schedules.length > 0 && !handles("job")) {
    refuse(
      'the module exports "schedules" but no "job" handler: ' +
        "add `job(event, env, ctx)` or `scheduled(controller, env, ctx)` to the default export",
    );
  }
  const bindings = readNames(exports["bindings"], "bindings");
  if (bindings.length > 0 && !handles("binding")) {
    refuse(
      'the module exports "bindings" but no "binding" handler: add `binding(event, env, ctx)` to the default export',
    );
  }
  // A function of that name is the handler itself.
  const watched = exports["configuration"];
  const configuration = typeof watched === "function" ? [] : readWatches(watched);
  if (configuration.length > 0 && !handles("configuration")) {
    refuse(
      'the module exports "configuration" but no handler: add `configuration(change, env, ctx)` to the default export',
    );
  }
  return { subscriptions, schedules, bindings, configuration };
}
