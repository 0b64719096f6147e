export default { async fetch(request, env, ctx) {
let n = 0; for (const f of [() => { ctx.requestId = 1 }, () => { env.x = 1 }, () => { delete env.y; throw 1 }]) { try { f() } catch { n++ } } return String(n)
} };
