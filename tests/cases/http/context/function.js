export default { async fetch(request, env, ctx) {
  const given = ["x-request-id", "dapr-caller-app-id", "daplet-depth"].filter((name) => request.headers.has(name));
  const sent = ctx.requestId === "req-42" ? "1" : "0";
  return { given, sent, mount: ctx.mount, prefix: request.headers.get("x-forwarded-prefix"), trace: ctx.traceparent, fn: ctx.function, aborted: ctx.signal.aborted, kind: String(ctx.signal) };
} };
