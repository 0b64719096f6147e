// Jobs: the function's `job` handler is called later, once or repeatedly. Must not know where jobs are stored.
import { call } from "./internal/call.js";
import { describe, requireName } from "./internal/encode.js";

/** What follows a run that failed. */
export type FailurePolicy =
  /** Nothing. */
  | { drop: Record<string, never> }
  /** It is tried again: after a pause such as `5s` (1 s when absent), so often (without end when absent). */
  | { constant: { interval?: string; maxRetries?: number } };

/** A job, with Dapr's names. It has a schedule, or a time when it is due, or both. */
export interface Job {
  /** Cron with six fields (second minute hour day month weekday), `@every 1h30m`, `@daily`, …; absent: it runs once. */
  schedule?: string;
  /** When it runs (first): a time (RFC 3339), or a duration from now (`10m`). */
  dueTime?: string | Date;
  /** Runs in all; absent: without end. */
  repeats?: number;
  /** When it is over: a time, or a duration from `dueTime` on, or else from now. */
  ttl?: string | Date;
  /** What the handler is given. */
  data?: unknown;
  /** Three retries a second apart when absent. */
  failurePolicy?: FailurePolicy;
}

/** Options of `schedule`. */
export interface ScheduleOptions {
  /** Replace an existing job of that name, which otherwise is an error. */
  overwrite?: boolean;
}

/** The jobs of this function. */
export class Jobs {
  /** Schedules a call of the function's `job` handler. */
  async schedule(name: string, job: Job, options: ScheduleOptions = {}): Promise<void> {
    const where = "jobs.schedule";
    requireName(where, "name", name);
    if (job === null || typeof job !== "object") {
      throw new TypeError(`${where}: job must be an object { schedule, dueTime, … }, not ${describe(job)}`);
    }
    const time = (value: string | Date | undefined) => (value instanceof Date ? value.toISOString() : value);
    const { dueTime, ttl, ...rest } = job;
    const spec = { ...rest, dueTime: time(dueTime), ttl: time(ttl) };
    await call(where, { name, job: spec, overwrite: options.overwrite === true });
  }

  /** The job of that name, or null. */
  async get(name: string): Promise<Job | null> {
    requireName("jobs.get", "name", name);
    const { head } = await call("jobs.get", { name });
    return (head as { job: Job | null }).job;
  }

  /** Removes a job, if there is one. */
  async delete(name: string): Promise<void> {
    requireName("jobs.delete", "name", name);
    await call("jobs.delete", { name });
  }
}

/** The jobs of this function. */
export function jobs(): Jobs {
  return new Jobs();
}
