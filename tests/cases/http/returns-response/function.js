export default { fetch: () => new Response("made", { status: 201, statusText: "Made Here", headers: { "x-a": "1" } }) };
