import { Actor, actor } from "@daplet/sdk";
class Base extends Actor { inherited() { return `${this.type} ${this.id}` } }
export class Counter extends Base {
  fields = 0;
  async increment(by = 1) {
    const before = await this.state.get("n");
    await new Promise((done) => setTimeout(done, 1));
    this.state.set("n", (before ?? 0) + by);
    return (await this.state.get("n"));
  }
  async incrementAndThrow() { await this.increment(); throw new RangeError("not today") }
  async reset() { this.state.remove("n"); return await this.state.has("n") }
  value() { return this.state.get("n") }
  nothing() { this.fields++ }
  echo(data) { return { data, fields: this.fields++ } }
  async other(name) { return await actor("Counter", name).increment(10) }
  async itself() { return await actor("Counter", this.id).increment() }
  async around(name) { return await actor("Counter", name).other(this.id) }
  async slow(ms) { await new Promise((done) => setTimeout(done, ms)); return ms }
  response() { return new Response("no") }
  _hidden() { return "hidden" }
}
export default {
  async fetch(request) {
    const [id, method] = new URL(request.url).pathname.split("/").slice(1);
    try {
      return { result: await actor("Counter", id)[method](request.method === "POST" ? await request.json() : undefined) };
    } catch (error) { return { code: error.code, message: error.message } }
  } };
