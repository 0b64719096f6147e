export default { async fetch(request, env, ctx) {
  return { id: ctx.requestId, trace: ctx.traceparent, fn: ctx.function, aborted: ctx.signal.aborted, kind: String(ctx.signal) };
} };
