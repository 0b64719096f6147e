import { lock } from "@daplet/sdk";
const of = (work) => work.then((held) => (held === null ? "held" : "taken"), (e) => e.code);
export default { async fetch() {
  const seen = {}, own = "locks-of-its-own";
  for (const name of [own, `${own}/1`, `${own}:1`, `${own}-1`, `${own}1`, "locks-of", "door"]) {
    seen[name] = await of(lock().tryLock(name, { expiry: 60 }));
  }
  seen.release = await of(lock().unlock("door", "somebody"));
  seen.long = await of(lock().tryLock(`${own}/2`, { expiry: 2147483647 }));
  seen.day = await of(lock().tryLock(`${own}/2`, { expiry: 86400 }));
  return seen;
} };
