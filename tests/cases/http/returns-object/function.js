export default { fetch: async () => ({ a: 1, b: ["x"], c: null }) };
