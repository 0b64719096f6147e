// Configuration: texts that the operator changes while functions run. Must not know where they are stored.
import { call } from "./internal/call.js";
import { decodeText, requireName } from "./internal/encode.js";

/** An item. */
export interface ConfigurationItem {
  value: string;
  /** Changes with the value. */
  version: string;
  metadata: Record<string, string>;
}

/** How items are asked for. */
export interface ConfigurationOptions {
  /** For the store. */
  metadata?: Record<string, string>;
}

/** A configuration store. */
export class ConfigurationStore {
  readonly #base: { store?: string };
  readonly #options: ConfigurationOptions;

  constructor(name?: string, options: ConfigurationOptions = {}) {
    this.#base = name === undefined ? {} : { store: requireName("configuration", "store", name) };
    this.#options = options;
  }

  /** The existing items of those keys; without keys, all items. The result lacks missing keys. */
  async get(...keys: string[]): Promise<Record<string, ConfigurationItem>> {
    keys.forEach((key, i) => requireName("configuration.get", `key ${i}`, key));
    const { metadata } = this.#options;
    const { body } = await call("configuration.get", { ...this.#base, keys, ...(metadata && { metadata }) });
    return JSON.parse(decodeText(body)) as Record<string, ConfigurationItem>;
  }
}

/** The configuration store of that name (`configstore` when absent). */
export function configuration(store?: string, options?: ConfigurationOptions): ConfigurationStore {
  return new ConfigurationStore(store, options);
}
