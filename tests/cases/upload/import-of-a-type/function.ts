import { state, CloudEvent } from "@daplet/sdk";
import { Job, type Secret } from "@daplet/sdk";

export default {
  fetch(): Response {
    const job: Job | Secret | CloudEvent<number> | null = null;
    const line = Number(/:(\d+):\d+/.exec(new Error(String(job)).stack ?? "")?.[1]);
    return Response.json({ s: typeof state, line });
  },
};
