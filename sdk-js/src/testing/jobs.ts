// Jobs in memory. Nothing runs by itself: a test says which job is due.
import type { Completion } from "../internal/call.js";
import type { Job } from "../jobs.js";
import type { Caller } from "./caller.js";
import type { FakeClock } from "./clock.js";
import { completion, copy } from "./completion.js";
import { failure, invalid, unknownOperation } from "./error.js";
import { Meter, type Quotas } from "./quotas.js";
import { plan } from "./schedule.js";

interface Args {
  name: string;
  job?: Job;
  overwrite?: boolean;
}

interface Kept {
  job: Job;
  runs: number;
  /** It stands in the function's module. */
  declared: boolean;
}

/** What a job may have for counting as one, bytes; a larger one counts as several. */
const ONE = 16 << 10;

export class FakeJobs {
  readonly #kept = new Map<string, Map<string, Kept>>();
  readonly #clock: FakeClock;
  readonly #meter: Meter;

  constructor(clock: FakeClock, quotas: Quotas) {
    this.#clock = clock;
    this.#meter = new Meter("jobs", quotas);
  }

  /** The jobs of a function by their names. */
  of(name: string): Map<string, Kept> {
    const found = this.#kept.get(name) ?? new Map<string, Kept>();
    this.#kept.set(name, found);
    return found;
  }

  run(op: string, caller: Caller, { name, job = {}, overwrite = false }: Args): Completion {
    if (name === "") throw invalid(`${op}: name cannot be empty`);
    const owner = caller.function;
    switch (op) {
      case "jobs.schedule": {
        try {
          plan(job, this.#clock.now);
        } catch (error) {
          throw invalid(`job ${owner}.${name}: ${(error as Error).message}`);
        }
        if (this.of(owner).has(name) && !overwrite) {
          throw failure("ALREADY_EXISTS", `job ${owner}.${name} exists already; overwrite: true replaces it`);
        }
        const refusal = this.#refusal(owner, name, job);
        if (refusal !== undefined) throw refusal;
        this.#set(owner, name, { job: copy(job), runs: 0, declared: false });
        return completion({});
      }
      case "jobs.get":
        return completion({ job: this.of(owner).get(name)?.job ?? null });
      case "jobs.delete":
        this.#set(owner, name, undefined);
        return completion({});
      default:
        throw unknownOperation(op);
    }
  }

  /** Keeps the jobs that a module declares; the ones that it declared before go. */
  declare(owner: string, schedules: readonly { name: string; schedule: string; data: unknown }[]): void {
    for (const [name, { declared }] of [...this.of(owner)]) if (declared) this.#set(owner, name, undefined);
    for (const { name, schedule, data } of schedules) {
      const job = { schedule, ...(data !== undefined && { data: copy(data) }) };
      // The host logs that a declared job exceeds the quota; the upload stands.
      if (this.#refusal(owner, name, job) === undefined) this.#set(owner, name, { job, runs: 0, declared: true });
    }
  }

  /** A run has ended well: what does not repeat is over. */
  ended(owner: string, name: string): void {
    const kept = this.of(owner).get(name);
    if (kept === undefined) return;
    kept.runs += 1;
    const { schedule, repeats = Infinity } = kept.job;
    if (schedule === undefined || kept.runs >= repeats) this.#set(owner, name, undefined);
  }

  #refusal(owner: string, name: string, job: Job): Error | undefined {
    return this.#meter.refusal(owner, weight(job) - weight(this.of(owner).get(name)?.job));
  }

  #set(owner: string, name: string, kept: Kept | undefined): void {
    const jobs = this.of(owner);
    this.#meter.add(owner, weight(kept?.job) - weight(jobs.get(name)?.job));
    if (kept === undefined) jobs.delete(name);
    else jobs.set(name, kept);
  }
}

/** As how many jobs one counts. */
function weight(job: Job | undefined): number {
  return job === undefined ? 0 : 1 + Math.floor(JSON.stringify(job).length / ONE);
}
