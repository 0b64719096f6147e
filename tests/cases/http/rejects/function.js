export default { async fetch() { await null; throw Object.assign(new Error("later"), { cause: "because" }) } };
