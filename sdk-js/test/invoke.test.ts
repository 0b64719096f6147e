import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type Context, invoke, NotFoundError } from "@daplet/sdk";
import { type FakeDaplet, fakeDaplet } from "@daplet/sdk/testing";

describe("invoke", () => {
  let daplet: FakeDaplet;
  beforeEach(() => {
    const echo = async (request: Request) => {
      const headers = { "x-method": request.method, "x-path": request.url.slice(11), "x-sent": "" };
      headers["x-sent"] = request.headers.get("x-sent") ?? "";
      return new Response(await request.arrayBuffer(), { status: 201, headers });
    };
    daplet = fakeDaplet({ apps: { echo, empty: () => new Response(null, { status: 204 }) } });
  });
  afterEach(() => {
    daplet.uninstall();
  });

  test("method, path, headers, status and bytes arrive both ways", async () => {
    const body = new Uint8Array([0, 255, 13, 10]);
    const response = await invoke("echo").fetch("/a%20b?c=1", { method: "PUT", body, headers: { "x-sent": "yes" } });
    assert.equal(response.status, 201);
    assert.equal(response.headers.get("x-method"), "PUT");
    assert.equal(response.headers.get("x-path"), "/a%20b?c=1");
    assert.equal(response.headers.get("x-sent"), "yes");
    assert.deepEqual(new Uint8Array(await response.arrayBuffer()), body);
  });

  test("a status without a body makes a Response without one", async () => {
    const response = await invoke("empty").fetch("/");
    assert.equal(response.status, 204);
    assert.equal(await response.text(), "");
  });

  test("the app daplet is the mounted functions; one that throws answers 500", async () => {
    const inner = { GET: (request: Request) => `inner got ${new URL(request.url).pathname}` };
    const broken = {
      default: () => {
        throw new Error("broken");
      },
    };
    const outer = {
      async default() {
        const text = await (await invoke("daplet").fetch("inner/x")).text();
        const { status } = await invoke("daplet").fetch("/broken");
        return { text, status };
      },
    };
    daplet.mount("inner", inner).mount("broken", broken).mount("outer", outer);
    assert.deepEqual(await (await daplet.fetch("/outer")).json(), { text: "inner got /x", status: 500 });
  });

  test("a mounted function is at its own root, and knows where it is mounted", async () => {
    const where = {
      default: (request: Request, env: Record<string, string>, ctx: Context) => {
        const { pathname, search } = new URL(request.url);
        return { path: pathname + search, mount: ctx.mount, prefix: request.headers.get("x-forwarded-prefix") };
      },
    };
    daplet.mount("where", where);
    for (const [path, own] of [
      ["/where", "/"],
      ["/where/", "/"],
      ["/where/where/a%2Fb?c", "/where/a%2Fb?c"],
    ] as const) {
      const seen: unknown = await (await daplet.fetch(path)).json();
      assert.deepEqual(seen, { path: own, mount: "/where", prefix: "/where" });
    }
  });

  test("a reason phrase arrives", async () => {
    daplet.mount("teapot", { default: () => new Response("", { status: 418, statusText: "Short and stout" }) });
    assert.equal((await invoke("daplet").fetch("/teapot")).statusText, "Short and stout");
  });

  test("an unknown app is named; an aborted signal ends the wait", async () => {
    await assert.rejects(invoke("nope").fetch("/"), NotFoundError);
    await assert.rejects(invoke("echo").fetch("/", { signal: AbortSignal.abort() }), { name: "AbortError" });
    const controller = new AbortController();
    const waiting = invoke("echo").fetch("/", { signal: controller.signal });
    controller.abort();
    await assert.rejects(waiting, { name: "AbortError" });
  });

  test("handlers get env and context; waitUntil is waited for and its failures are kept", async () => {
    let after = false;
    const module = {
      default: {
        fetch(request: Request, env: Record<string, string>, ctx: Context) {
          ctx.waitUntil(
            Promise.resolve().then(() => {
              after = true;
            }),
          );
          ctx.waitUntil(Promise.reject(new Error("lost")));
          return { greeting: env["GREETING"], name: ctx.function, method: request.method };
        },
      },
    };
    daplet.mount("hello", module, { env: { GREETING: "hi" } });
    const response = await daplet.fetch("/hello/", { method: "POST" });
    assert.deepEqual(await response.json(), { greeting: "hi", name: "hello", method: "POST" });
    assert.ok(after);
    assert.match(String(daplet.failures[0]?.error), /lost/);
  });

  test("return values become responses as on the host", async () => {
    const values = { undefined, text: "text", bytes: new Uint8Array([1]), json: { a: 1 }, null: null };
    daplet.mount("values", {
      GET: (request: Request) => values[new URL(request.url).pathname.split("/").at(-1) as keyof typeof values],
    });
    const seen = await Promise.all(
      Object.keys(values).map(async (name) => {
        const { status, headers } = await daplet.fetch(`/values/${name}`);
        return [status, headers.get("content-type")];
      }),
    );
    assert.deepEqual(seen, [
      [204, null],
      [200, "text/plain;charset=UTF-8"],
      [200, "application/octet-stream"],
      [200, "application/json"],
      [204, null],
    ]);
    const wrong = await daplet.fetch("/values/text", { method: "DELETE" });
    assert.deepEqual([wrong.status, wrong.headers.get("allow")], [405, "GET, HEAD"]);
  });
});
