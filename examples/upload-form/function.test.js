import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeDaplet } from "@daplet/sdk/testing";
import * as uploadForm from "./function.js";

test("a file that was uploaded comes back as it was", async () => {
  const daplet = fakeDaplet().mount("upload-form", uploadForm);
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const form = new FormData();
  form.append("title", "Every byte");
  form.append("file", new File([bytes], "every byte.bin", { type: "application/x-bytes" }));
  const kept = await daplet.fetch("/upload-form", { method: "POST", body: form });
  assert.equal(kept.status, 201);
  assert.equal(kept.headers.get("location"), "/upload-form/every%20byte.bin");
  const back = await daplet.fetch("/upload-form/every%20byte.bin");
  assert.equal(back.headers.get("content-type"), "application/x-bytes");
  assert.equal(back.headers.get("x-title"), "Every%20byte");
  assert.deepEqual(new Uint8Array(await back.arrayBuffer()), bytes);
});

test("a form without a file is refused", async () => {
  const daplet = fakeDaplet().mount("upload-form", uploadForm);
  const form = new FormData();
  form.append("file", "a text");
  assert.equal((await daplet.fetch("/upload-form", { method: "POST", body: form })).status, 400);
  assert.equal((await daplet.fetch("/upload-form/missing")).status, 404);
});
