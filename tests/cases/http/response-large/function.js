export default { fetch: () => new Response(new Uint8Array(3_000_000).fill(7)) };
