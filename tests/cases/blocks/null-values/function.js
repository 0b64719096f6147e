import { Actor, actor, state } from "@daplet/sdk";
export class CaseNull extends Actor {
  set() { this.state.set("a", null); this.state.set("b", 1) }
  async read() { return [await this.state.get("a"), await this.state.has("a"), await this.state.get("b")] }
}
export default async () => {
  const s = state();
  const there = async (key) => (await s.getWithEtag(key)).etag !== null;
  await s.put("put", null);
  await s.transact([{ put: "step", value: null }]);
  await s.transaction(async (tx) => { tx.put("unit", null); tx.put("other", await tx.get("put")) });
  await s.transaction(async (tx) => { await tx.get("step"); await tx.get("absent"); tx.put("guarded", 1) });
  await actor("CaseNull", "a").set();
  return {
    there: [await there("put"), await there("step"), await there("unit"), await there("other"), await there("absent")],
    values: [...(await s.getMany(["put", "step", "unit", "other", "absent"]))],
    guarded: await s.get("guarded"), actor: await actor("CaseNull", "a").read(),
  };
};
