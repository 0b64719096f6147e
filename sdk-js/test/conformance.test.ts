// The steps of `tests/conformance` against the double, by the function that runs them on the host as the client `sdk`.
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type FakeDaplet, fakeDaplet, type FakeConfiguration, type FakeSecret } from "@daplet/sdk/testing";

const CONFORMANCE = new URL("../../tests/conformance/", import.meta.url);
/** Functions import `@daplet/sdk` by its name, so they lie within the package. */
const BUILT = new URL("./functions/", import.meta.url);

interface Case {
  name: string;
  steps: ({ do: string } & Record<string, unknown>)[];
}

function json(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, CONFORMANCE), "utf8"));
}

/** What the client must see on the embedded default. */
function expected(step: Record<string, unknown>): unknown {
  const names = ["expect_sdk_embedded", "expect_embedded", "expect_sdk", "expect"];
  return step[names.find((name) => name in step) ?? ""];
}

/** Outcomes are compared without the server's words, and lists in any order, since stores answer in an order of their own. */
function comparable(outcome: unknown): unknown {
  if (Array.isArray(outcome)) return outcome.map((one) => JSON.stringify(one)).sort();
  if (typeof outcome !== "object" || outcome === null) return outcome;
  return { ...outcome, told: undefined };
}

describe("Dapr's steps by the SDK", () => {
  let daplet: FakeDaplet;
  beforeEach(async () => {
    daplet = fakeDaplet({
      secrets: { secretstore: json("secrets.json") as Record<string, FakeSecret> },
      configuration: { configstore: json("configuration.json") as FakeConfiguration[string] },
      bindings: {
        // As an HTTP service behind Dapr's `bindings.http` answers that echoes what it gets.
        echo: (operation, data, { path = "" }) => {
          if (operation !== "post") throw new Error(`binding echo does not support operation ${operation}`);
          const body = new TextDecoder().decode(data);
          return { data: JSON.stringify({ method: "POST", path: `/echo/in${path}`, body }) };
        },
      },
    });
    mkdirSync(BUILT, { recursive: true });
    for (const name of ["echo", "clocks", "sdk"]) {
      copyFileSync(new URL(`functions/${name}.js`, CONFORMANCE), new URL(`${name}.js`, BUILT));
      const grants = { secrets: ["secretstore/*", "nowhere/*"], locks: ["lockstore/*", "nowhere/*"] };
      await daplet.upload(name, new URL(`${name}.js`, BUILT), { grants, limits: { operations: 10_000 } });
    }
  });
  afterEach(() => {
    daplet.uninstall();
  });

  for (const file of readdirSync(new URL("cases/", CONFORMANCE)).sort()) {
    test(file, async () => {
      const cases = json(`cases/${file}`) as Case[];
      const steps = cases.flatMap(({ name, steps }) => steps.map((step) => ({ name, step })));
      const body = JSON.stringify(steps.map(({ step }) => step));
      const outcomes = (await (await daplet.fetch("/sdk", { method: "POST", body })).json()) as unknown[];
      const differences = steps.flatMap(({ name, step }, i) => {
        const [seen, wanted] = [comparable(outcomes[i]), comparable(expected(step))];
        const same = JSON.stringify(seen) === JSON.stringify(wanted);
        const told = JSON.stringify({ step, expected: wanted, seen: outcomes[i] });
        return same ? [] : [`${name}: ${told}`];
      });
      assert.deepEqual(differences, []);
      if (file === "messages.json") {
        await daplet.deliver();
        const heard = (await (await daplet.fetch("/echo/heard")).json()) as unknown[];
        assert.deepEqual(heard, [{ n: 1 }, "two"]);
      }
      if (file === "actors.json") {
        await daplet.fireReminder("Clock", "near", "r");
        await daplet.fireTimer("Clock", "near", "t");
        assert.deepEqual(daplet.actorState("Clock", "near").get("got"), [
          ["r", null],
          ["tick", null],
        ]);
      }
    });
  }
});
