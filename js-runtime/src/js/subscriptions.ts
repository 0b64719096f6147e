// `export const subscriptions = [...]`, in the words and with the defaults of Dapr's programmatic subscriptions.
import type { BulkSubscribe, Routes, Subscription } from "./abi.js";
import { isArray } from "./primordials.js";
import { kind, listOf, refuse, refuseUnknown } from "./refuse.js";

const MAX_MESSAGES = 1000;
const MAX_AWAIT_MS = 60_000;
const KNOWN = "pubsub, topic, deadLetterTopic, retry, rawPayload, routes, bulkSubscribe";

const wholeNumber = (value: unknown, where: string, most: number): number => {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most) return value;
  const given = typeof value === "number" ? value : kind(value);
  return refuse(`${where} is ${given}, but must be a whole number from 1 to ${most}`);
};

/** `true` stands for the defaults. */
const readBulk = (bulk: unknown, where: string): BulkSubscribe | undefined => {
  if (bulk === undefined || bulk === false) return undefined;
  const given = bulk === true ? {} : bulk;
  if (typeof given !== "object" || given === null) refuse(`${where} must be true or an object, not ${kind(given)}`);
  const {
    enabled = true,
    maxMessagesCount = 100,
    maxAwaitDurationMs = 1000,
    ...rest
  } = given as Record<string, unknown>;
  refuseUnknown(rest, where, "enabled, maxMessagesCount, maxAwaitDurationMs");
  if (typeof enabled !== "boolean") refuse(`${where}.enabled must be true or false`);
  const numbers = {
    maxMessagesCount: wholeNumber(maxMessagesCount, `${where}.maxMessagesCount`, MAX_MESSAGES),
    maxAwaitDurationMs: wholeNumber(maxAwaitDurationMs, `${where}.maxAwaitDurationMs`, MAX_AWAIT_MS),
  };
  return enabled ? numbers : undefined;
};

const readRule = (rule: unknown, where: string): Routes["rules"][number] => {
  if (typeof rule !== "object" || rule === null) refuse(`${where} must be an object with "match" and "path"`);
  const { match = "", path } = rule as Record<string, unknown>;
  if (typeof match !== "string") refuse(`${where}.match must be a string`);
  if (typeof path !== "string") refuse(`${where}.path must be a string`);
  return { match, path };
};

const readRoutes = (routes: unknown, where: string): Routes | undefined => {
  if (routes === undefined) return undefined;
  if (typeof routes !== "object" || routes === null) {
    refuse(`${where} must be an object with "rules" or "default", not ${kind(routes)}`);
  }
  const { rules = [], default: otherwise, ...rest } = routes as Record<string, unknown>;
  refuseUnknown(rest, where, "rules, default");
  if (!isArray(rules)) refuse(`${where}.rules must be an array, not ${kind(rules)}`);
  if (otherwise !== undefined && typeof otherwise !== "string") refuse(`${where}.default must be a string`);
  if (rules.length === 0 && otherwise === undefined) refuse(`${where} must have a rule or a default`);
  return { rules: rules.map((rule, index) => readRule(rule, `${where}.rules[${index}]`)), default: otherwise };
};

const readSubscription = (element: unknown, where: string): Subscription => {
  const entry = typeof element === "string" ? { topic: element } : element;
  if (typeof entry !== "object" || entry === null)
    refuse(`${where} must be an object with "topic", not ${kind(entry)}`);
  const {
    pubsub = "pubsub",
    topic,
    deadLetterTopic,
    retry,
    rawPayload = false,
    routes,
    bulkSubscribe,
    ...rest
  } = entry as Record<string, unknown>;
  refuseUnknown(rest, where, KNOWN);
  if (typeof topic !== "string" || topic === "") refuse(`${where}.topic must be a non-empty string`);
  if (typeof pubsub !== "string" || pubsub === "") refuse(`${where}.pubsub must be a non-empty string`);
  if (deadLetterTopic !== undefined && typeof deadLetterTopic !== "string")
    refuse(`${where}.deadLetterTopic must be a string`);
  if (typeof rawPayload !== "boolean") refuse(`${where}.rawPayload must be true or false`);
  if (retry !== undefined && (typeof retry !== "object" || retry === null)) refuse(`${where}.retry must be an object`);
  return {
    pubsub,
    topic,
    deadLetterTopic,
    retry: retry,
    rawPayload,
    routes: readRoutes(routes, `${where}.routes`),
    bulkSubscribe: readBulk(bulkSubscribe, `${where}.bulkSubscribe`),
  };
};

export const readSubscriptions = (list: unknown): Subscription[] =>
  listOf(list, "subscriptions").map((element, index) => readSubscription(element, `subscriptions[${index}]`));
