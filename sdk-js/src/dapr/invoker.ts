// `client.invoker` of `@dapr/dapr` over Daplet's operations.
import { HttpMethod } from "./enums.js";
import { DaprError, daprError, type Operate, text } from "./error.js";
import { serialized, typeOf } from "./pubsub.js";
import { parsed } from "./state.js";

/** An app's answer without success. */
class InvokeError extends DaprError {
  override readonly message: string;

  constructor(status: number, body: string) {
    super(status, "", body);
    this.message = text(status, body);
  }
}

export class Invoker {
  readonly #operate: Operate;

  constructor(operate: Operate) {
    this.#operate = operate;
  }

  async invoke(
    appId: string,
    methodName: string,
    method: HttpMethod = HttpMethod.GET,
    data?: unknown,
    options: { headers?: Record<string, string> } = {},
  ): Promise<unknown> {
    const headers = new Headers(options.headers ?? {});
    const sends = data !== undefined && data !== null && data !== "" && data !== 0 && data !== false;
    if (sends && method.toLowerCase() === "get") throw new TypeError("Request with GET/HEAD method cannot have body");
    const contentType = headers.get("content-type") ?? typeOf(data);
    if (sends) headers.set("content-type", contentType);
    const args = {
      app: appId,
      method: method.toUpperCase(),
      path: `/${methodName.replace(/^\/+/, "")}`,
      headers: [...headers],
    };
    let answer;
    try {
      answer = await this.#operate("invoke.call", args, sends ? serialized(data, contentType) : null);
    } catch (error) {
      throw daprError(error, { NOT_FOUND: [500, "ERR_DIRECT_INVOKE"], UNAVAILABLE: [500, "ERR_DIRECT_INVOKE"] });
    }
    const { status } = answer.head as { status: number };
    if (status >= 400) throw new InvokeError(status, new TextDecoder().decode(answer.body));
    return parsed(answer.body);
  }
}
