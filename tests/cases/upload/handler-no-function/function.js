export default { fetch: "hello" };
