import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type Lock, lock, NotFoundError } from "@daplet/sdk";
import { type FakeDaplet, fakeDaplet, type Grants } from "@daplet/sdk/testing";

function taken(lock: Lock | null): Lock {
  assert.ok(lock);
  return lock;
}

describe("several stores of locks", () => {
  test("a resource is one for each", async () => {
    const daplet = fakeDaplet({ locks: ["doors", "gates"] });
    taken(await lock("doors").tryLock("a", { expiry: 10 }));
    assert.equal(await lock("doors").tryLock("a", { expiry: 10 }), null);
    taken(await lock("gates").tryLock("a", { expiry: 10 }));
    await assert.rejects(lock().tryLock("a", { expiry: 10 }), /there are "doors", "gates"$/);
    daplet.uninstall();
  });
});

describe("whose a lock is", () => {
  /** What taking those locks comes to inside functions of those names. */
  async function takes(name: string, resources: string[], grants: Grants, more: string[] = []): Promise<string[]> {
    const daplet = fakeDaplet();
    const seen: string[] = [];
    const take = async (resource: string) => (await lock().tryLock(resource, { expiry: 10 })) && "taken";
    const work = async () => {
      for (const one of resources) seen.push(String(await take(one).catch((e: unknown) => (e as Error).name)));
    };
    for (const other of more) daplet.mount(other, { default: () => 1 });
    daplet.mount(name, { default: work }, { grants });
    await daplet.fetch(`/${name}`);
    daplet.uninstall();
    return seen;
  }

  test("one that is named after the function, unless the list says otherwise", async () => {
    const names = ["shop", "shop/1", "shop-1", "shopping", "door", "shop-admin/1"];
    const no = "PermissionDeniedError";
    assert.deepEqual(await takes("shop", names, {}), ["taken", "taken", "taken", no, no, "taken"]);
    assert.deepEqual(await takes("shop", names, {}, ["shop-admin"]), ["taken", "taken", "taken", no, no, no]);
    const granted = { locks: ["door", "lockstore/shop*", "other/shopping"] };
    assert.deepEqual(await takes("shop", names, granted), ["taken", "taken", "taken", "taken", "taken", "taken"]);
    assert.deepEqual(await takes("shop", ["shop"], { locks: [] }), [no]);
  });

  test("a lifetime has a ceiling", async () => {
    const daplet = fakeDaplet();
    await assert.rejects(lock().tryLock("door", { expiry: 86_401 }), /max_lock_seconds/);
    daplet.uninstall();
  });
});

describe("lock", () => {
  let daplet: FakeDaplet;
  beforeEach(() => {
    daplet = fakeDaplet();
  });
  afterEach(() => {
    daplet.uninstall();
  });

  test("one owner holds a resource until it gives it back", async () => {
    const held = taken(await lock().tryLock("door", { expiry: 10, owner: "a" }));
    assert.deepEqual([held.resource, held.owner], ["door", "a"]);
    assert.equal(await lock().tryLock("door", { expiry: 10 }), null);
    assert.equal(await lock().unlock("door", "b"), "belongsToOthers");
    assert.equal(await held.unlock(), "success");
    assert.equal(await held.unlock(), "doesNotExist");
    assert.notEqual(await lock().tryLock("door", { expiry: 10 }), null);
  });

  test("an expired lock is free, and was not given back", async () => {
    const held = taken(await lock().tryLock("door", { expiry: 10 }));
    daplet.clock.advance(10_000);
    taken(await lock().tryLock("door", { expiry: 10 }));
    assert.equal(await held.unlock(), "belongsToOthers");
  });

  test("a lock in a block is given back at its end", async () => {
    {
      await using held = taken(await lock().tryLock("door", { expiry: 10 }));
      assert.equal(held.resource, "door");
      assert.equal(await lock().tryLock("door", { expiry: 10 }), null);
    }
    taken(await lock().tryLock("door", { expiry: 10 }));
  });

  test("wrong arguments are named", async () => {
    await assert.rejects(lock().tryLock("", { expiry: 1 }), /lock\.tryLock: resource must not be empty/);
    await assert.rejects(lock().tryLock("a||b", { expiry: 1 }), /must not contain "\|\|"/);
    await assert.rejects(lock().tryLock("a", {} as never), /options\.expiry is missing/);
    await assert.rejects(lock().tryLock("a", { expiry: 0.5 }), /options\.expiry must be a whole number/);
    await assert.rejects(lock().unlock("a", ""), /owner must not be empty/);
    await assert.rejects(lock("nowhere").tryLock("a", { expiry: 1 }), NotFoundError);
  });
});
