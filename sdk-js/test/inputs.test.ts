import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { type BindingEvent, configuration, type ConfigurationChange } from "@daplet/sdk";
import { type FakeDaplet, fakeDaplet } from "@daplet/sdk/testing";

describe("input bindings and changes of the configuration", () => {
  let fake: FakeDaplet;
  afterEach(() => {
    fake.uninstall();
  });

  it("bring events to those who declare them", async () => {
    const orders = {
      bindings: ["orders"],
      default: { binding: ({ name, data, metadata }: BindingEvent) => ({ name, data, from: metadata.from }) },
    };
    fake = fakeDaplet()
      .mount("orders", orders)
      .mount("other", { default: () => 1 });
    assert.deepEqual(await fake.trigger("orders", { n: 1 }, { from: "queue" }), [
      { name: "orders", data: { n: 1 }, from: "queue" },
    ]);
    await assert.rejects(fake.trigger("others"), /no mounted function declares/);
    assert.throws(() => fake.mount("none", { bindings: ["a"], default: () => 1 }), /no "binding" handler/);
  });

  it("tell those who watch, as far as granted", async () => {
    const seen: unknown[] = [];
    const watcher = (keys: string[]) => ({
      configuration: [{ keys }],
      default: {
        async configuration({ store, items }: ConfigurationChange) {
          const now = await configuration().get(...Object.keys(items));
          seen.push([store, Object.keys(items), Object.values(now).map((item) => item.value)]);
        },
      },
    });
    fake = fakeDaplet()
      .mount("one", watcher(["limit"]))
      .mount("all", watcher([]), { grants: { configuration: ["configstore/other"] } });
    await fake.configure("limit", "5");
    await fake.configure("other", "x");
    await fake.configure("limit", undefined);
    assert.deepEqual(seen, [
      ["configstore", ["limit"], ["5"]],
      ["configstore", ["other"], ["x"]],
      ["configstore", ["limit"], []],
    ]);
  });
});
