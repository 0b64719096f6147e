// `client.configuration` of `@dapr/dapr` over Daplet's operations, as it is over gRPC: over HTTP that client has none.
import { decodeText } from "../internal/encode.js";
import { daprError, type Operate } from "./error.js";

interface Item {
  value: string;
  version: string;
  metadata: Record<string, string>;
}

/** A function's heap ends with its request, and a callback with it. */
function outlived(method: string): Promise<never> {
  const instead = 'export const configuration = [{ store, keys }] and a handler "configuration"';
  return Promise.reject(
    new Error(`client.configuration.${method}: a callback would not outlive this request; use ${instead}`),
  );
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

  subscribe(): Promise<never> {
    return outlived("subscribe");
  }

  subscribeWithKeys(): Promise<never> {
    return outlived("subscribeWithKeys");
  }

  subscribeWithMetadata(): Promise<never> {
    return outlived("subscribeWithMetadata");
  }
}
