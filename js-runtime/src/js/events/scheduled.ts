// `scheduled(controller, env, ctx)`: jobs that `schedules` declares, in the shape of Cloudflare Workers.
import { log } from "daplet:natives";
import type { ScheduledController } from "../../web/service-worker/scheduled-event.js";
import { LogLevel } from "../abi.js";
import { context } from "../context.js";
import { trace } from "../errors.js";
import { env, scheduled } from "../function.js";
import type { Handler } from "../function.js";

/** What the frame of a job holds. */
export interface Job {
  name: string;
  data: unknown;
  scheduledTime: string;
}

/** Whether the job goes to `scheduled`: it is declared, or there is no handler `job` that could take it. */
export const isScheduled = (job: Job, hasJobHandler: boolean): boolean =>
  scheduled !== null && (!hasJobHandler || scheduled.crons[job.name] !== undefined);

export const callScheduled = async ({ name, data, scheduledTime }: Job): Promise<unknown> => {
  const { handlers, crons } = scheduled as NonNullable<typeof scheduled>;
  let retry = true;
  const controller: ScheduledController = {
    type: "scheduled",
    cron: crons[name] ?? "",
    scheduledTime: Date.parse(scheduledTime),
    name,
    data,
    noRetry() {
      retry = false;
    },
  };
  try {
    return await (handlers["scheduled"] as Handler)(controller, env, context);
  } catch (error) {
    if (retry) throw error;
    log(LogLevel.Error, `scheduled, not tried again: ${trace(error)}`);
    return "DROP";
  }
};
