// Which traces the double continues, by the cases that the host is tested with.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { validTrace } from "../dist/testing/trace.js";

interface Case {
  about: string;
  traceparent: string;
  becomes: string | null;
}

const CASES = JSON.parse(
  readFileSync(new URL("../../tests/cases/traceparent.json", import.meta.url), "utf8"),
) as Case[];

test("a valid trace goes on", () => {
  assert.ok(CASES.length > 20);
  for (const { about, traceparent, becomes } of CASES) assert.equal(validTrace(traceparent) ?? null, becomes, about);
});
