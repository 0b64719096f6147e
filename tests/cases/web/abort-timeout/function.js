export default { async fetch(request, env, ctx) {
  const signal = AbortSignal.timeout(10);
  await new Promise((done) => signal.addEventListener("abort", done));
  return { name: signal.reason.name, aborted: signal.aborted };
} };
