// `client.binding` of `@dapr/dapr` over Daplet's operations.
import { daprError, type Operate } from "./error.js";
import { parsed } from "./state.js";

export class Binding {
  readonly #operate: Operate;

  constructor(operate: Operate) {
    this.#operate = operate;
  }

  /** Over HTTP the official client sends any data as JSON and parses the answer, if it can. */
  async send(bindingName: string, operation: string, data?: unknown, metadata: object = {}): Promise<unknown> {
    // What JSON cannot hold is left out of the request, and Dapr reads it as null.
    const body = JSON.stringify(data) ?? "null";
    try {
      return parsed((await this.#operate("binding.invoke", { name: bindingName, operation, metadata }, body)).body);
    } catch (error) {
      throw daprError(error, {
        NOT_FOUND: [500, "ERR_INVOKE_OUTPUT_BINDING"],
        UNAVAILABLE: [500, "ERR_INVOKE_OUTPUT_BINDING"],
        INVALID_ARGUMENT: [500, "ERR_INVOKE_OUTPUT_BINDING"],
      });
    }
  }
}
