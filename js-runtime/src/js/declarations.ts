// What a module declares beside its handlers: subscriptions, schedules, bindings, the configuration that it watches. Wrong ones are
// refused with their place and what may stand there.
import type { LoadReport, Schedule, Watch } from "./abi.js";
import { kind, listOf, refuse, refuseUnknown } from "./refuse.js";
import { readSubscriptions } from "./subscriptions.js";

type Declarations = Omit<LoadReport, "handlers" | "actors">;

const readSchedules = (list: unknown): Schedule[] =>
  listOf(list, "schedules").map((element, index) => {
    const where = `schedules[${index}]`;
    const entry = typeof element === "string" ? { schedule: element } : element;
    if (typeof entry !== "object" || entry === null) {
      refuse(`${where} must be an object with "schedule", not ${kind(entry)}`);
    }
    const { name, schedule, data, ...rest } = entry as Record<string, unknown>;
    refuseUnknown(rest, where, "name, schedule, data");
    if (typeof schedule !== "string") refuse(`${where}.schedule must be a string`);
    if (name !== undefined && (typeof name !== "string" || name === ""))
      refuse(`${where}.name must be a non-empty string`);
    return { name: name ?? schedule, schedule, data };
  });

const readNames = (list: unknown, where: string): string[] =>
  listOf(list, where).map((name, index) => {
    if (typeof name !== "string" || name === "") refuse(`${where}[${index}] must be a non-empty string`);
    return name;
  });

const readWatches = (list: unknown): Watch[] =>
  listOf(list, "configuration").map((entry, index) => {
    const where = `configuration[${index}]`;
    if (typeof entry !== "object" || entry === null) {
      refuse(`${where} must be an object with "store" and "keys", not ${kind(entry)}`);
    }
    const { store = "configstore", keys, ...rest } = entry as Record<string, unknown>;
    refuseUnknown(rest, where, "store, keys");
    if (typeof store !== "string" || store === "") refuse(`${where}.store must be a non-empty string`);
    return { store, keys: readNames(keys, `${where}.keys`) };
  });

/** Reads all of them and checks that each has its handler; `handles` says whether there is one of that name. */
export const readDeclarations = (
  namespace: Record<string, unknown>,
  handles: (handler: string) => boolean,
): Declarations => {
  const subscriptions = readSubscriptions(namespace.subscriptions);
  if (subscriptions.some((subscription) => !subscription.bulkSubscribe) && !handles("message")) {
    refuse(
      'the module exports "subscriptions" but no "message" handler: add `message(event, env, ctx)` to the default export',
    );
  }
  const bulk = subscriptions.findIndex((subscription) => subscription.bulkSubscribe);
  if (bulk >= 0 && !handles("messages")) {
    refuse(
      `subscriptions[${bulk}] has "bulkSubscribe" but there is no "messages" handler: ` +
        "add `messages(events, env, ctx)` to the default export",
    );
  }
  if (bulk < 0 && handles("messages")) {
    refuse(
      'the module exports a "messages" handler but no subscription with "bulkSubscribe": add it to one of "subscriptions"',
    );
  }
  const schedules = readSchedules(namespace.schedules);
  if (schedules.length > 0 && !handles("job")) {
    refuse(
      'the module exports "schedules" but no "job" handler: ' +
        "add `job(event, env, ctx)` or `scheduled(controller, env, ctx)` to the default export",
    );
  }
  const bindings = readNames(namespace.bindings, "bindings");
  if (bindings.length > 0 && !handles("binding")) {
    refuse(
      'the module exports "bindings" but no "binding" handler: add `binding(event, env, ctx)` to the default export',
    );
  }
  // A function of that name is the handler itself.
  const configuration = typeof namespace.configuration === "function" ? [] : readWatches(namespace.configuration);
  if (configuration.length > 0 && !handles("configuration")) {
    refuse(
      'the module exports "configuration" but no handler: add `configuration(change, env, ctx)` to the default export',
    );
  }
  return { subscriptions, schedules, bindings, configuration };
};
