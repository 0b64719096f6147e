// `client.secret` of `@dapr/dapr` over Daplet's operations.
import { decodeText } from "../internal/encode.js";
import { DaprError, daprError, type Operate, type Table } from "./error.js";

export class Secret {
  readonly #operate: Operate;

  constructor(operate: Operate) {
    this.#operate = operate;
  }

  /** `metadata` is a query, as in the official client: `metadata.version_id=3&…`. */
  async get(secretStoreName: string, key: string, metadata = ""): Promise<object> {
    const args = { store: secretStoreName, key, ...asked(metadata) };
    const { head, body } = await this.#run("secrets.get", args);
    if ((head as { found: boolean }).found) return JSON.parse(decodeText(body)) as object;
    const message = `failed getting secret with key ${key} from secret store ${secretStoreName}: secret ${key} not found`;
    throw new DaprError(500, "ERR_SECRET_GET", message);
  }

  async getBulk(secretStoreName: string): Promise<object> {
    const { body } = await this.#run("secrets.getBulk", { store: secretStoreName });
    return JSON.parse(decodeText(body)) as object;
  }

  async #run(op: string, args: object) {
    try {
      return await this.#operate(op, args);
    } catch (error) {
      throw daprError(error, TABLE);
    }
  }
}

const TABLE: Table = { ERR_SECRET_STORE_NOT_FOUND: [401, "ERR_SECRET_STORE_NOT_FOUND"] };

function asked(query: string): { metadata?: Record<string, string> } {
  const given = [...new URLSearchParams(query)].filter(([name]) => name.startsWith("metadata."));
  if (given.length === 0) return {};
  return { metadata: Object.fromEntries(given.map(([name, value]) => [name.slice("metadata.".length), value])) };
}
