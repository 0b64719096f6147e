let settle; const p = new Promise((resolve) => { settle = resolve });
export default async () => { settle("done"); return await p };
