// `client.configuration` of `@dapr/dapr` over Daplet's operations, as it is over gRPC: over HTTP that client has none.
import { decodeText } from "../internal/encode.js";
import { daprError, type Operate } from "./error.js";

interface Item {
  value: string;
  version: string;
  metadata: Record<string, string>;
}

export class Configuration {
  readonly #operate: Operate;

  constructor(operate: Operate) {
    this.#operate = operate;
  }

  async get(storeName: string, keys: string[] = [], metadata: Record<string, string> = {}) {
    const args = { store: storeName, keys: keys.filter((key) => key !== ""), metadata };
    try {
      const { body } = await this.#operate("configuration.get", args);
      const found = Object.entries(JSON.parse(decodeText(body)) as Record<string, Item>);
      return { items: Object.fromEntries(found.map(([key, item]) => [key, { key, ...item }])) };
    } catch (error) {
      throw daprError(error, {
        ERR_CONFIGURATION_STORE_NOT_FOUND: [400, "ERR_CONFIGURATION_STORE_NOT_FOUND"],
      });
    }
  }
}
