// The operation `configuration.get` over what the test gave, and the versions of items.
import type { Completion } from "../internal/call.js";
import type { Caller } from "./caller.js";
import { completion } from "./completion.js";
import { invalid, noComponent, unknownOperation } from "./error.js";
import { hasConfiguration, refused } from "./grants.js";

/** Values by store and key. A test may change them as it goes. */
export type FakeConfiguration = Record<string, Record<string, string>>;

interface Args {
  store?: string;
  keys: string[];
}

/** An item as functions see it; one that was removed has neither value nor version. */
export interface Item {
  value?: string;
  version?: string;
  metadata: Record<string, string>;
}

export class FakeConfigurations {
  readonly #stores: FakeConfiguration;
  /** How often `configure` has changed an item. */
  readonly #changes = new Map<string, number>();

  constructor(stores: FakeConfiguration) {
    this.#stores = stores;
  }

  run(op: string, caller: Caller, { store = "configstore", keys }: Args): Completion {
    if (op !== "configuration.get") throw unknownOperation(op);
    if (keys.includes("")) throw invalid("a configuration key cannot be empty");
    const barred = keys.find((key) => !hasConfiguration(caller, store, key));
    if (barred !== undefined) throw refused(caller, "configuration", `${store}/${barred}`);
    const values = this.#stores[store];
    if (values === undefined) {
      const what = `configuration store ${store} is`;
      throw noComponent("ERR_CONFIGURATION_STORE_NOT_FOUND", what, Object.keys(this.#stores));
    }
    // A caller that asks for all items gets the ones that it may read.
    const wanted = (key: string) => (keys.length === 0 ? hasConfiguration(caller, store, key) : keys.includes(key));
    const found = Object.keys(values).filter(wanted).sort();
    return completion({}, JSON.stringify(Object.fromEntries(found.map((key) => [key, this.#item(store, key)]))));
  }

  /** Sets an item, or removes it; the item as its watchers see it. */
  set(store: string, key: string, value: string | undefined): Item {
    const values = (this.#stores[store] ??= {});
    const known = Object.hasOwn(values, key);
    if (value === undefined) Reflect.deleteProperty(values, key);
    else values[key] = value;
    const name = `${store}/${key}`;
    if (known || this.#changes.has(name)) this.#changes.set(name, (this.#changes.get(name) ?? 0) + 1);
    return value === undefined ? { metadata: {} } : this.#item(store, key);
  }

  #item(store: string, key: string): Item {
    const value = this.#stores[store]?.[key] ?? "";
    return { value, version: String(1 + (this.#changes.get(`${store}/${key}`) ?? 0)), metadata: {} };
  }
}
