// The functions that await what failed follow as frames.
const shape = (e) => e.stack.split("\n").slice(1).map((l) => l.trim().replace(/\(.*:(\d+):(\d+)\)$/, "($1:$2)").replace(/at (async )?\S*js:(\d+):(\d+)$/, "at $1$2:$3"));
const own = (frames) => frames.filter((l) => !/dispatch|node:|module_job|derive/.test(l)).slice(0, 4);
async function inner() {
  await null;
  return new Error("inner");
}
class Repo {
  async load() {
    return await inner();
  }
}
async function* pages() {
  yield await inner();
}
const arrow = async () => {
  const e = await new Repo().load();
  return e;
};
async function run() {
  const seen = [];
  seen.push(own(shape(await inner())).slice(0, 2));
  seen.push(own(shape(await arrow())));
  const [first] = await Promise.all([inner()]);
  seen.push(own(shape(first)).slice(0, 3));
  for await (const e of pages()) seen.push(own(shape(e)).slice(0, 3));
  seen.push(own(shape(await Promise.resolve().then(inner))).slice(0, 2));
  return seen;
}
export default {
  async fetch() {
    return await run();
  },
};
