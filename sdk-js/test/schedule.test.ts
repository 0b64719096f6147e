// The double's cron expressions and durations, by the table that the host's are tested with.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { Cron } from "../dist/testing/cron.js";
import { go, instant, nextRun } from "../dist/testing/schedule.js";

const START = Date.parse("2026-01-01T00:00:00Z");
/** `expression<TAB>time after START, never, or refused`, one a line. */
const TABLE = new URL("../../host/src/blocks/jobs/cron.tsv", import.meta.url);

const iso = (at: number | undefined) => (at === undefined ? "never" : new Date(at).toISOString().replace(".000Z", "Z"));

function next(text: string): string {
  try {
    return iso(new Cron(text).next(START));
  } catch {
    return "refused";
  }
}

describe("schedules", () => {
  test("expressions are taken and refused as by Dapr's scheduler", () => {
    const lines = readFileSync(TABLE, "utf8").split("\n");
    const rows = lines.filter((line) => line !== "" && !line.startsWith("# ")).map((line) => line.split("\t"));
    assert.ok(rows.length > 60);
    assert.deepEqual(
      rows.map(([text = ""]) => [text, next(text)]),
      rows.map(([text = "", expected = ""]) => [text, expected]),
    );
  });

  test("a time zone has summer time", () => {
    const berlin = new Cron("CRON_TZ=Europe/Berlin 0 30 2 * * *");
    const after = (text: string) => iso(berlin.next(Date.parse(text)));
    assert.equal(after("2026-01-10T12:00:00Z"), "2026-01-11T01:30:00Z");
    assert.equal(after("2026-07-10T12:00:00Z"), "2026-07-11T00:30:00Z");
    // 02:30 is not there on that day, and 03:30 stands in for it.
    assert.equal(after("2026-03-28T12:00:00Z"), "2026-03-29T01:30:00Z");
    assert.equal(after("2026-03-29T01:30:00Z"), "2026-03-30T00:30:00Z");
  });

  test("points in time and durations", () => {
    const at = (text: string) => instant("dueTime", text, START) - START;
    const texts = ["2026-01-01T00:00:01Z", "90s", "1h30m", "PT1M", "P1D", "1.5s", "2026-01-01T01:00:00+01:00"];
    assert.deepEqual(texts.map(at), [1_000, 90_000, 5_400_000, 60_000, 86_400_000, 1_500, 0]);
    assert.throws(() => at("soon"), /dueTime is "soon"/);
    const durations = [0, 7, 1_000, 1_500, 61_000, 3_600_000, 5_400_250].map(go);
    assert.deepEqual(durations, ["0s", "7ms", "1s", "1.5s", "1m1s", "1h0m0s", "1h30m0.25s"]);
    assert.equal(nextRun("@every 1h30m", START), START + 5_400_000);
    for (const wrong of ["", "@every", "@every 0s", "@every soon", "61 * * * * *", "* * *", "0 0 0 * * 7", "@reboot"]) {
      assert.throws(() => nextRun(wrong, START), /schedule is/, wrong);
    }
  });
});
