import { Actor, actor } from "@daplet/sdk";
export class CaseLease extends Actor {
  async set(reminder) { await this.reminders.set("r", reminder); return this.reminders.get("r") }
  async gone() { await this.reminders.delete("r"); await this.timers.delete("t"); return this.reminders.get("r") }
  time(timer) { return this.timers.set("t", { callback: "receiveReminder", ...timer }) }
  name(name) { return this.reminders.set(name, { dueTime: "1h" }) }
  receiveReminder() {}
}
const told = (work) => work.then((r) => r ?? "ok", (e) => e.message.split("(500) ")[1]);
export default async () => {
  const a = actor("CaseLease", "a"), set = [], time = [], name = [];
  for (const reminder of [{ dueTime: "1h", period: "PT1H30M", repeats: 5, ttl: "24h", data: "x" }, { dueTime: "2h" }, { period: "R3/PT10M", dueTime: "1h" }, { period: "@every 1h" },
    {}, { dueTime: "1h", ttl: "2h" }, { dueTime: "soon" }, { period: "often" }, { dueTime: "1h", repeats: 2 }, { period: "R2/PT1H", repeats: 2 }, { period: "1500ms", repeats: 2 },
    { period: "1h", repeats: 0 }, { dueTime: "2h", period: "1h", ttl: "1970-01-01T00:00:00Z" }])
    set.push(await told(a.set(reminder)));
  for (const timer of [{ dueTime: "1h" }, { dueTime: "1h", period: "R2/PT1H" }, { period: "often" }, { dueTime: "2h", ttl: "1970-01-01T00:00:00Z" }]) time.push(await told(a.time(timer)));
  for (const one of ["a/b", ".", "x".repeat(257), "fine"]) name.push(await told(a.name(one)));
  return { set, time, name, gone: (await a.gone()) ?? "nothing" };
};
