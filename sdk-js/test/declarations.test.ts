// What a module may declare, by the table that the host is tested with too (`tests/inside/cases.rs`).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fakeDaplet, UploadError } from "@daplet/sdk/testing";

interface Declared {
  exports: Record<string, unknown>;
  /** The handler that the module has beside `fetch`. */
  handler: string | null;
  /** Why the upload is refused; null where it is accepted. */
  refused: string | null;
}

const TABLE = new URL("../../tests/cases/declarations.json", import.meta.url);

test("declarations are accepted and refused as by the host", () => {
  const daplet = fakeDaplet();
  const table = JSON.parse(readFileSync(TABLE, "utf8")) as Declared[];
  const refused = ({ exports, handler }: Declared) => {
    const handlers = { fetch: () => undefined, ...(handler !== null && { [handler]: () => undefined }) };
    try {
      daplet.mount("declares", { ...exports, default: handlers });
      return null;
    } catch (error) {
      assert.ok(error instanceof TypeError || error instanceof UploadError);
      return error.message;
    }
  };
  assert.ok(table.length > 50);
  for (const one of table) assert.equal(refused(one), one.refused, JSON.stringify(one));
  daplet.uninstall();
});
