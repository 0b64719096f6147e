// What subscribers get of what is published, by the table that the host is tested with too (`tests/inside/events.rs`).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { pubsub } from "@daplet/sdk";
import { fakeDaplet } from "@daplet/sdk/testing";

interface Published {
  about: string;
  query?: string;
  type: string;
  body: string;
  event?: Record<string, unknown>;
  stored?: string;
  /** Parts of the stored text that keep every digit; here numbers are JavaScript's. */
  text?: string[];
}

const TABLE = new URL("../../tests/cases/events.json", import.meta.url);

test("messages are wrapped as by the host", async () => {
  const { published } = JSON.parse(readFileSync(TABLE, "utf8")) as { published: Published[] };
  assert.ok(published.length > 10);
  for (const { about, query = "", type, body, event = {}, stored } of published) {
    const daplet = fakeDaplet();
    const seen: Record<string, unknown>[] = [];
    const message = (event: Record<string, unknown>) => void seen.push(event);
    daplet.mount("plain", { message, subscriptions: ["events"] });
    const metadata = Object.fromEntries(
      [...new URLSearchParams(query)].map(([name, value]) => [name.replace(/^metadata\./, ""), value]),
    );
    await pubsub().publish("events", body, { contentType: type, metadata });
    await daplet.deliver();
    const [got = {}] = seen;
    for (const [name, value] of Object.entries(event)) assert.deepEqual(got[name], value, `${about}: ${name}`);
    if (stored !== undefined) assert.equal(new TextDecoder().decode(daplet.published[0]?.data), stored, about);
    daplet.uninstall();
  }
});
