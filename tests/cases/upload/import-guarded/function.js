const fs = await import("node:fs").catch((error) => error);
export default async () => {
  const from = ["lod", "ash"].join("");
  const variable = await import(from).catch((error) => error.name);
  return { name: fs.name, named: fs.message.includes("node:fs"), variable };
};
