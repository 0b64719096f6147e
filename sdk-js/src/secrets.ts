// Secrets: text that the operator keeps out of sources. Must not know where they are stored.
import { call } from "./internal/call.js";
import { decodeText, requireName } from "./internal/encode.js";

/** A secret: in most stores one value under its own name, in some several values. */
export type Secret = Record<string, string>;

/** How a secret is asked for. */
export interface SecretOptions {
  /** For the store, such as `version_id`. */
  metadata?: Record<string, string>;
}

/** A secret store. Each secret needs a grant in the upload: `"grants": { "secrets": ["store/key", "store/*"] }`. */
export class SecretStore {
  readonly #base: { store?: string };

  constructor(name?: string) {
    this.#base = name === undefined ? {} : { store: requireName("secrets", "store", name) };
  }

  /** The secret's value, or null. Where it has several values, the one named like the secret; see {@link getValues}. */
  async get(key: string, options: SecretOptions = {}): Promise<string | null> {
    const values = await this.getValues(key, options);
    if (values === null) return null;
    const own = values[key];
    if (own !== undefined) return own;
    const all = Object.entries(values);
    const [only] = all;
    if (only !== undefined && all.length === 1) return only[1];
    const names = all.map(([name]) => name).join(", ");
    throw new TypeError(`secrets.get: ${key} has several values (${names}); take them with getValues`);
  }

  /** All values of a secret by their names, or null. */
  async getValues(key: string, options: SecretOptions = {}): Promise<Secret | null> {
    requireName("secrets.get", "key", key);
    const { metadata } = options;
    const { head, body } = await call("secrets.get", { ...this.#base, key, ...(metadata && { metadata }) });
    return (head as { found: boolean }).found ? (JSON.parse(decodeText(body)) as Secret) : null;
  }

  /**
   * A text that stands for the secret in a `fetch` of this invocation: in the URL's path and query, in headers and in the body. The
   * host puts the secret in its place on the way out, and only for hosts that a grant names together with the secret:
   * `"grants": { "secrets": ["store/key@api.example.com"] }`. The function never holds the secret itself.
   */
  async ref(key: string): Promise<string> {
    requireName("secrets.ref", "key", key);
    const { head } = await call("secrets.ref", { ...this.#base, key });
    return (head as { text: string }).text;
  }

  /** Every secret that the function's grants reach, by its key. */
  async getBulk(options: SecretOptions = {}): Promise<Record<string, Secret>> {
    const { metadata } = options;
    const { body } = await call("secrets.getBulk", { ...this.#base, ...(metadata && { metadata }) });
    return JSON.parse(decodeText(body)) as Record<string, Secret>;
  }
}

/** The secret store of that name (`secretstore` when absent). */
export function secrets(store?: string): SecretStore {
  return new SecretStore(store);
}
