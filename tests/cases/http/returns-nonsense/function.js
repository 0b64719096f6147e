export default { fetch: () => Symbol("x") };
