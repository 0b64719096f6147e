const kept = new Map([["count", 0]]);
let loaded = 0;
export default async (request, env) => {
  kept.set("count", kept.get("count") + 1);
  loaded++;
  let frozen = "open";
  try { env.MORE = "x" } catch (e) { frozen = e.name }
  return { count: kept.get("count"), loaded, frozen, env };
};
