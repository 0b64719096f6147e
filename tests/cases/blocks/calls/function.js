import { invoke } from "@daplet/sdk";
const told = (e) => ({ name: e.name, code: e.code, message: e.message, details: e.details });
export default async (request, env, ctx) => {
  const app = invoke("daplet"), { pathname, searchParams } = new URL(request.url);
  if (pathname === "/echo") {
    const sent = ["host", "x-mine", "proxy-authorization", "dapr-app-id", "x-forwarded-prefix", "dapr-caller-app-id"].map((name) => [name, request.headers.get(name) !== null]);
    return { method: request.method, body: await request.text(), query: searchParams.get("q"), sent, mount: ctx.mount, caller: ctx.caller, trace: ctx.traceparent };
  }
  if (pathname === "/deep") {
    const depth = Number(searchParams.get("n"));
    return app.fetch(`/calls/deep?n=${depth + 1}`).then((r) => r.json(), (e) => ({ depth, code: e.code, message: e.message }));
  }
  if (pathname === "/throws") throw new RangeError("oops");
  const headers = { "x-mine": "1", "proxy-authorization": "x", "dapr-app-id": "y", "x-forwarded-prefix": "/z" };
  const echo = await (await app.fetch("/calls/echo?q=1", { method: "PUT", body: "data", headers })).json();
  const missing = await app.fetch("/no-such-function/x"), failed = await app.fetch("calls/throws");
  const { detail, ...problem } = await failed.json();
  return {
    echo: { ...echo, trace: echo.trace === ctx.traceparent },
    missing: [missing.status, await missing.json()], failed: [failed.status, detail, problem.code, problem.name, failed.headers.get("content-type")],
    nobody: await invoke("nobody").fetch("/x").catch(told), deep: await (await app.fetch("/calls/deep?n=1")).json(),
  };
};
