// Jobs in memory. Nothing runs by itself: a test says which job is due.
import type { Completion } from "../internal/call.js";
import type { Job } from "../jobs.js";
import { failure } from "./error.js";
import type { Caller } from "./grants.js";
import { completion } from "./state.js";

interface Args {
  name: string;
  job?: Job;
  overwrite?: boolean;
}

interface Kept {
  job: Job;
  runs: number;
}

export class FakeJobs {
  readonly #kept = new Map<string, Map<string, Kept>>();

  /** The jobs of a function by their names. */
  of(name: string): Map<string, Kept> {
    const found = this.#kept.get(name) ?? new Map<string, Kept>();
    this.#kept.set(name, found);
    return found;
  }

  run(op: string, caller: Caller, { name, job = {}, overwrite = false }: Args): Completion {
    const jobs = this.of(caller.function);
    switch (op) {
      case "jobs.schedule":
        if (job.schedule === undefined && job.dueTime === undefined) {
          throw failure("INVALID_ARGUMENT", `job ${name}: a job needs a schedule or a dueTime`);
        }
        if (jobs.has(name) && !overwrite) {
          throw failure("ALREADY_EXISTS", `job ${name} exists already; overwrite: true replaces it`);
        }
        jobs.set(name, { job, runs: 0 });
        return completion({});
      case "jobs.get":
        return completion({ job: jobs.get(name)?.job ?? null });
      case "jobs.delete":
        jobs.delete(name);
        return completion({});
      default:
        throw failure("UNKNOWN_OPERATION", `no capability serves "${op}"`);
    }
  }

  /** A run has ended well: what does not repeat is over. */
  ended(owner: string, name: string): void {
    const kept = this.of(owner).get(name);
    if (kept === undefined) return;
    kept.runs += 1;
    const { schedule, repeats = Infinity } = kept.job;
    if (schedule === undefined || kept.runs >= repeats) this.of(owner).delete(name);
  }
}
