export default async function (request, env, ctx) { return `${typeof ctx.waitUntil} ${env.WHO}`; }
