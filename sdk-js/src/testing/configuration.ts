// The operation `configuration.get` over what the test gave. Every item has version "1".
import type { Completion } from "../internal/call.js";
import { failure } from "./error.js";
import { allows, type Caller, refused } from "./grants.js";
import { completion } from "./state.js";

/** Values by store and key. A test may change them as it goes. */
export type FakeConfiguration = Record<string, Record<string, string>>;

interface Args {
  store?: string;
  keys: string[];
}

export function runConfiguration(stores: FakeConfiguration, op: string, caller: Caller, args: Args): Completion {
  if (op !== "configuration.get") throw failure("UNKNOWN_OPERATION", `no capability serves "${op}"`);
  const { store = "configstore", keys } = args;
  const list = caller.grants?.configuration;
  const granted = (key: string) => list === undefined || allows(list, `${store}/${key}`);
  const barred = keys.find((key) => !granted(key));
  if (barred !== undefined) throw refused(caller, "configuration", `${store}/${barred}`);
  const values = stores[store];
  if (values === undefined) {
    const known = Object.keys(stores).join(", ");
    throw failure("ERR_CONFIGURATION_STORE_NOT_FOUND", `configuration: there is no store "${store}". Known: ${known}`);
  }
  const wanted = ([key]: [string, string]) => (keys.length === 0 ? granted(key) : keys.includes(key));
  const items = Object.entries(values).filter(wanted);
  const item = ([key, value]: [string, string]) => [key, { value, version: "1", metadata: {} }];
  return completion({}, JSON.stringify(Object.fromEntries(items.map(item))));
}
