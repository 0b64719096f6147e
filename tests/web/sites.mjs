// Web pages against a server, in headless Chromium: a function's page on an origin of its own, one under the server's own name, and a
// stranger's page that knows where the server is. Usage: node sites.mjs BASE DAPR. Exits with 0 when all is as it should be.
/* global document, navigator */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [base, dapr] = process.argv.slice(2);
assert.ok(base && dapr, "usage: node sites.mjs BASE DAPR");
const port = new URL(base).port;
const quiet =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --disable-dev-shm-usage";

const PAGE = `export default {
  fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === "/sw.js") return new Response("self.onfetch = () => {}", { headers: { "content-type": "text/javascript", "service-worker-allowed": "/" } });
    if (pathname === "/api") return { url: request.url, mount: ctx.mount, cookie: request.headers.get("cookie") };
    return new Response("<!doctype html><title>page</title>", { headers: { "content-type": "text/html", "set-cookie": "session=" + ctx.function + "; Path=/" } });
  } };`;
const UP = { "content-type": "application/json" };

async function upload(name, source) {
  const answer = await fetch(`${base}/functions`, { method: "POST", headers: UP, body: JSON.stringify({ name, source }) });
  assert.ok(answer.ok, await answer.text());
}

/** What a page gets of a fetch: the status, or that the browser refused. */
const ask = ([url, init]) => fetch(url, init).then((answer) => answer.status, () => "refused");

async function ownOrigin(context) {
  const page = await context.newPage();
  await page.goto(`http://mine.localhost:${port}/a/b`);
  const seen = await page.evaluate(async () => (await fetch("/api")).json());
  assert.deepEqual(seen, { url: `http://mine.localhost:${port}/api`, mount: "", cookie: "session=mine" });
  const scope = await page.evaluate(async () => (await navigator.serviceWorker.register("/sw.js", { scope: "/" })).scope);
  assert.equal(scope, `http://mine.localhost:${port}/`);
  // Its cookies are its own.
  const other = await context.newPage();
  await other.goto(`http://other.localhost:${port}/`);
  assert.equal((await other.evaluate(async () => (await fetch("/api")).json())).cookie, "session=other");
  // To management it is a stranger, by each name.
  for (const host of ["localhost", "127.0.0.1", "free.localhost"]) {
    const init = { method: "POST", mode: "no-cors", body: "export default () => 'taken over'" };
    await page.evaluate(ask, [`http://${host}:${port}/functions?name=other`, init]);
    assert.equal(await page.evaluate(ask, [`http://${host}:${port}/functions`, {}]), "refused", host);
  }
  await page.close();
  await other.close();
}

async function sharedOrigin(context) {
  const page = await context.newPage();
  await page.goto(`${base}/mine/`);
  const seen = await page.evaluate(async () => (await fetch("/mine/api")).json());
  assert.deepEqual(seen, { url: `${base}/api`, mount: "/mine", cookie: "session=mine" });
  assert.equal(await page.evaluate(ask, ["/functions", {}]), 403);
  const body = JSON.stringify({ name: "other", source: "export default () => 'taken over'" });
  assert.equal(await page.evaluate(ask, ["/functions", { method: "POST", headers: UP, body }]), 403);
  assert.equal(await page.evaluate(ask, ["/functions/other", { method: "DELETE" }]), 403);
  const register = (scope) => navigator.serviceWorker.register("/mine/sw.js", { scope }).then((r) => r.scope, (e) => e.name);
  assert.equal(await page.evaluate(register, "/"), "SecurityError");
  assert.equal(await page.evaluate(register, "/mine/"), `${base}/mine/`);
  // The same through Dapr's port, which serves functions too.
  await page.goto(`${dapr}/v1.0/invoke/daplet/method/mine/`);
  assert.equal(await page.evaluate(ask, ["/v1.0/secrets/secretstore/bulk", {}]), 403);
  await page.close();
}

async function stranger(context, url) {
  const page = await context.newPage();
  await page.goto(url);
  const simple = { method: "POST", mode: "no-cors", headers: { "content-type": "text/plain" } };
  await page.evaluate(ask, [`${base}/functions?name=other`, { ...simple, body: "export default () => 'taken over'" }]);
  await page.evaluate(ask, [`${dapr}/v1.0/state/statestore`, { ...simple, body: '[{"key":"planted","value":1}]' }]);
  await page.evaluate(ask, [`${dapr}/v1.0/publish/pubsub/t`, { ...simple, body: "1" }]);
  assert.equal(await page.evaluate(ask, [`${base}/functions`, { method: "POST", headers: UP, body: "{}" }]), "refused");
  assert.equal(await page.evaluate(ask, [`${dapr}/v1.0/metadata`, {}]), "refused");
  // A function may let other origins in: that is its own affair. A form without script is refused too.
  await page.setContent(`<form method="post" enctype="text/plain" action="${base}/functions?name=other"><input name="export default () => 1 //"></form>`);
  // Submitted after the call has returned: a navigation takes away the context that a call still runs in.
  const submit = () => void setTimeout(() => document.forms[0].submit());
  const [answer] = await Promise.all([page.waitForNavigation(), page.evaluate(submit)]);
  assert.equal(answer.status(), 403);
  // Its own name leads here now, so that all is of one origin.
  for (const target of [`${dapr}/v1.0/secrets/secretstore/bulk`, `${base}/functions`, `${base}/other`]) {
    const { port, pathname } = new URL(target);
    assert.equal((await page.goto(`http://evil.example:${port}${pathname}`)).status(), 421, target);
  }
  await page.close();
}

const web = createServer((_, answer) => answer.setHeader("content-type", "text/html").end("<!doctype html><title>evil</title>"));
await new Promise((resolve) => web.listen(0, "127.0.0.1", resolve));
const profile = await mkdtemp(join(tmpdir(), "daplet-sites-"));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [...quiet.split(" "), "--host-resolver-rules=MAP evil.example 127.0.0.1"],
});
try {
  await upload("mine", PAGE);
  await upload("other", PAGE);
  await ownOrigin(context);
  await sharedOrigin(context);
  await stranger(context, `http://evil.example:${web.address().port}/`);
  const { functions } = await (await fetch(`${base}/functions`)).json();
  assert.deepEqual(functions.map(({ name }) => name), ["mine", "other"]);
  assert.equal((await (await fetch(`${base}/other/api`)).json()).mount, "/other");
  assert.equal((await fetch(`${dapr}/v1.0/state/statestore/planted`)).status, 204);
} finally {
  await context.close();
  web.close();
  // Processes of the browser may still write there for a moment.
  await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}
