// Actors that keep what their reminders and timers call them with; `/{id}/{method}` calls a method.
import { Actor, actor, state } from "@daplet/sdk";
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
export class Clock extends Actor {
  async _note(...entry) { this.state.set("got", [...((await this.state.get("got")) ?? []), entry]) }
  async got() { return (await this.state.get("got")) ?? [] }
  remind({ name, ...reminder }) { return this.reminders.set(name, reminder) }
  reminder(name) { return this.reminders.get(name) }
  forget(name) { return this.reminders.delete(name) }
  time({ name, ...timer }) { return this.timers.set(name, timer) }
  untime(name) { return this.timers.delete(name) }
  async setAndThrow(name) { await this.reminders.set(name, { dueTime: "1ms" }); this.state.set("lost", 1); throw new Error("no") }
  async receiveReminder(name, data) {
    await state().update(`${this.id}/${name}`, (n) => (n ?? 0) + 1);
    await this._note(name, data ?? null);
    if (data?.sleep) await sleep(data.sleep);
    if (data?.fail) throw new RangeError("not today");
    if (data?.again) {
      await this.reminders.delete(name);
      await this.reminders.set(name, { dueTime: "300ms", data: "again" });
    }
  }
  async tick(data) {
    await state().update(`${this.id}/tick`, (n) => (n ?? 0) + 1);
    await this._note("tick", data ?? null);
    if (data?.fail) throw new RangeError("not today");
    if (data?.stop) await this.timers.delete(data.stop);
  }
}
export default {
  async fetch(request) {
    const [id, method] = new URL(request.url).pathname.split("/").slice(1);
    if (method === "runs") return Object.fromEntries(await Promise.all(
      (await request.json()).map(async (name) => [name, (await state().get(`${id}/${name}`)) ?? 0])));
    try {
      return { result: await actor("Clock", id)[method](request.method === "POST" ? await request.json() : undefined) };
    } catch (error) { return { code: error.code, message: error.message } }
  } };
