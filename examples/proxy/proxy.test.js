import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeDaplet } from "@daplet/sdk/testing";
import * as proxy from "./proxy.js";

const env = { UPSTREAM: "https://inside.example" };

test("a request goes on without the caller's credentials, and the answer comes back with a mark", async () => {
  const seen = [];
  const inside = async (request) => {
    seen.push([request.method, request.url, request.headers.get("authorization"), await request.text()]);
    return new Response("made", { status: 201, headers: { "x-kind": "thing", "set-cookie": "a=1" } });
  };
  const daplet = fakeDaplet({ hosts: { [env.UPSTREAM]: inside } }).mount("proxy", proxy, { env });
  const headers = { authorization: "Bearer secret" };
  const answer = await daplet.fetch("/proxy/things?a=1", { method: "POST", body: "new", headers });
  assert.equal(answer.status, 201);
  assert.equal(await answer.text(), "made");
  assert.equal(answer.headers.get("via"), "1.1 daplet");
  assert.equal(answer.headers.get("x-kind"), "thing");
  assert.equal(answer.headers.get("set-cookie"), null);
  assert.deepEqual(seen, [["POST", "https://inside.example/things?a=1", null, "new"]]);
  daplet.uninstall();
});

test("a service that is not granted is a 502 that says so", async () => {
  const grants = { hosts: ["other.example"] };
  const daplet = fakeDaplet({ hosts: { [env.UPSTREAM]: () => new Response() } }).mount("proxy", proxy, { env, grants });
  const answer = await daplet.fetch("/proxy/");
  assert.equal(answer.status, 502);
  assert.equal((await answer.json()).failed, "HOST_NOT_GRANTED");
  daplet.uninstall();
});
