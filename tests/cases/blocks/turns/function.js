import { Actor, actor } from "@daplet/sdk";
export class CaseCart extends Actor {
  #field = 0;
  async add(n = 1) { const sum = ((await this.state.get("sum")) ?? 0) + n; this.state.set("sum", sum); return [sum, ++this.#field] }
  async failing() { await this.add(100); throw new RangeError("not today", { cause: "why" }) }
  self() { return actor("CaseCart", this.id).add() }
  other() { return actor("CaseCart", `${this.id}-other`).self() }
  nothing() {}
  empty() { this.state.remove("sum") }
  _private() { return "secret" }
}
const told = ({ name, code, message, details }) => {
  const { line, column, ...rest } = details ?? {};
  return { name, code, message, details: rest };
};
export default async () => {
  const a = actor("CaseCart", "a");
  await a.empty();
  const sums = [await a.add(), await a.add(2), (await a.nothing()) ?? "nothing"];
  return {
    sums, after: [await a.failing().catch(told), await a.add(0)],
    reentrant: await a.self().catch(told), missing: await a.missing().catch(told), hidden: await a._private().catch(told),
    nobody: await actor("CaseNobody", "a").any().catch(told), path: await a["remind/x"]().catch(told), id: await actor("CaseCart", "a/b").add().catch(told),
  };
};
