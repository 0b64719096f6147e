export default { fetch: () => new Response("four", { headers: { "x-a": "1" } }) };
