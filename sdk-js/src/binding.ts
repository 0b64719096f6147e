// Output bindings: a named way to a system outside. Must not know what is at its end.
import { type Body, call } from "./internal/call.js";
import { asBytes, decodeText, describe, requireName, toJson } from "./internal/encode.js";

/** What a binding answered. */
export class BindingResult {
  /** The component's metadata, such as `statusCode` of an HTTP binding. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array<ArrayBuffer>;

  constructor(metadata: Record<string, string>, body: ArrayBuffer) {
    this.metadata = metadata;
    this.bytes = new Uint8Array(body);
  }

  text(): string {
    return decodeText(this.bytes);
  }

  /** The data as a value; null if there is none. */
  json<T = unknown>(): T {
    return (this.bytes.length === 0 ? null : JSON.parse(this.text())) as T;
  }
}

/** A binding component. */
export class Binding {
  readonly #name: string;

  constructor(name: string) {
    this.#name = requireName("binding", "name", name);
  }

  /**
   * Runs an operation of the binding, such as `create` or `get`. Bytes go as they are, everything else as JSON, a string
   * too, as any client of Dapr's HTTP API sends it.
   */
  async invoke(operation: string, data?: unknown, metadata: Record<string, string> = {}): Promise<BindingResult> {
    const where = "binding.invoke";
    requireName(where, "operation", operation);
    for (const [name, value] of Object.entries(metadata)) {
      if (typeof value !== "string") {
        throw new TypeError(`${where}: metadata.${name} must be a string, not ${describe(value)}`);
      }
    }
    const body: Body = data === undefined ? null : (asBytes(data) ?? toJson(where, "data", data));
    const answer = await call(where, { name: this.#name, operation, metadata }, body);
    return new BindingResult((answer.head as { metadata?: Record<string, string> }).metadata ?? {}, answer.body);
  }
}

/** The binding of that name. */
export function binding(name: string): Binding {
  return new Binding(name);
}
