export default { fetch: () => "never" };
