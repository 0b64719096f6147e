export default { fetch: () => "ok" };
