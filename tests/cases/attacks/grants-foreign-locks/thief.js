import { lock } from "@daplet/sdk";
export default async function (request) {
  const query = new URL(request.url).searchParams;
  const name = query.get("r"), owner = query.get("release");
  const work = owner === null ? lock().tryLock(name, { expiry: Number(query.get("s") ?? 60) }) : lock().unlock(name, owner);
  return work.then((got) => (got === null ? "held" : "taken"), (error) => `${error.code}: ${error.message}`);
}
