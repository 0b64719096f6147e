import { jobs } from "@daplet/sdk";
const told = (work) => work.then((r) => r ?? "ok", (e) => `${e.name} ${e.code}: ${e.message.split(";")[0]}`);
export default async () => {
  const j = jobs(), far = "2100-01-01T00:00:00Z", seen = {};
  await j.delete("a");
  seen.scheduled = await told(j.schedule("a", { schedule: "@every 1h30m", repeats: 3, ttl: "24h", data: { n: 1 } }));
  seen.there = await told(j.schedule("a", { dueTime: far }));
  seen.replaced = await told(j.schedule("a", { dueTime: far, failurePolicy: { constant: { interval: "5s", maxRetries: 2 } } }, { overwrite: true }));
  seen.read = await j.get("a");
  seen.gone = [await told(j.delete("a")), await told(j.delete("a")), await told(j.get("a"))];
  seen.wrong = [];
  for (const job of [{}, { schedule: "@every soon" }, { schedule: "* * *" }, { schedule: "0 0 0 * * 7" }, { schedule: "61 * * * * *" }, { schedule: "@reboot" },
    { schedule: "@daily", repeats: 0 }, { dueTime: "soon" }, { dueTime: far, ttl: "1970-01-01T00:00:00Z" }, { schedule: "@every 1h", ttl: "5m" },
    { dueTime: far, failurePolicy: { constant: { interval: "often" } } }, { schedule: "CRON_TZ=Nowhere/Town 0 0 0 * * *" }])
    seen.wrong.push(await told(j.schedule("b", job)));
  return seen;
};
