import { lock, NotFoundError } from "@daplet/sdk";

export default async () => {
  const door = await lock().tryLock("door", { expiry: 60, owner: "a" });
  const again = await lock().tryLock("door", { expiry: 60 });
  const foreign = await lock().unlock("door", "b");
  const back = await door.unlock();
  const twice = await door.unlock();
  let inBlock;
  {
    await using held = await lock().tryLock("door", { expiry: 60 });
    inBlock = held && (await lock().tryLock("door", { expiry: 60 }));
  }
  const after = await lock().tryLock("door", { expiry: 60 });
  await after.unlock();
  const error = await lock("nowhere").tryLock("door", { expiry: 60 }).catch((e) => e);
  const code = error instanceof NotFoundError && error.code;
  return { taken: door !== null, again, foreign, back, twice, inBlock, after: after !== null, code };
};
