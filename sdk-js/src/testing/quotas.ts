// Quotas: how much of a thing may be kept, for one function and in all, with the host's defaults and words.
import { failure } from "./error.js";

/** What a test may set, by the names of the host's table `[quotas]`. */
export interface Quotas {
  messages_mb?: number;
  function_messages_mb?: number;
  jobs?: number;
  function_jobs?: number;
  reminders?: number;
  function_reminders?: number;
  state_mb?: number;
  function_state_mb?: number;
}

type What = "messages" | "jobs" | "reminders" | "state";

const DEFAULTS: Required<Quotas> = {
  messages_mb: 4_096,
  function_messages_mb: 256,
  jobs: 100_000,
  function_jobs: 10_000,
  reminders: 1_000_000,
  function_reminders: 100_000,
  state_mb: 16_384,
  function_state_mb: 2_048,
};

/** Counts what is kept of one thing, by owner and in all. */
export class Meter {
  readonly #what: What;
  readonly #bytes: boolean;
  readonly #quotas: Required<Quotas>;
  readonly #own = new Map<string, number>();
  #all = 0;

  constructor(what: What, quotas: Quotas) {
    this.#what = what;
    this.#bytes = what === "messages" || what === "state";
    this.#quotas = { ...DEFAULTS, ...quotas };
  }

  /** The refusal of `more`, if an owner, or all, would keep too much. */
  refusal(owner: string, more: number, inAll = more): Error | undefined {
    const key = this.#bytes ? (`${this.#what}_mb` as const) : this.#what;
    const own = (this.#own.get(owner) ?? 0) + more;
    const all = this.#all + inAll;
    const scale = this.#bytes ? 1 << 20 : 1;
    const [ofOwner, ofAll] = [this.#of(`function_${key}`) * scale, this.#of(key) * scale];
    if (more > 0 && own > ofOwner) return this.#exceeded(JSON.stringify(owner), `function_${key}`, ofOwner, own);
    if (inAll > 0 && all > ofAll) return this.#exceeded("all functions", key, ofAll, all);
    return undefined;
  }

  /** Counts a change. */
  add(owner: string, more: number, inAll = more): void {
    this.#own.set(owner, (this.#own.get(owner) ?? 0) + more);
    this.#all += inAll;
  }

  #of(key: string): number {
    return (this.#quotas as unknown as Record<string, number>)[key] ?? Infinity;
  }

  #exceeded(who: string, quota: string, limit: number, actual: number): Error {
    const unit = this.#bytes ? `bytes of ${this.#what}` : this.#what;
    const option = `--quota-${quota.replaceAll("_", "-")}`;
    const setting = `\`${option}\`, or \`${quota}\` under [quotas] in the configuration file`;
    const bound = `the quota ${quota} is ${limit}${this.#bytes ? " bytes" : ""} (${setting})`;
    const message = `${who} would keep ${actual} ${unit}; ${bound}`;
    return failure("quotaExceeded", message, { quota, limit, actual, setting });
  }
}
