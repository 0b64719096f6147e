import { lock } from "@daplet/sdk";
export default { async fetch() {
  const seen = {};
  for (const name of ["shared-1", "granted", "window", "locks-granted"]) {
    seen[name] = await lock().tryLock(name, { expiry: 60 }).then(() => "taken", (e) => e.message);
  }
  return seen;
} };
