export default { async fetch(request, env, ctx) {
ctx.waitUntil((async () => { for (;;) await 0; })()); return "done"
} };
