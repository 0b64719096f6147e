const table = new Map(Array.from({ length: 2000 }, (_, i) => [`key-${i}`, i]));
const shared = { hits: 0 };
export default { fetch: () => ({ size: table.size, last: table.get("key-1999"), hits: ++shared.hits }) };
