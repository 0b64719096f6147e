import { configuration } from "@daplet/sdk";
export default { async fetch() {
  const some = await configuration().get("read.colour", "missing");
  const all = await configuration("configstore").get();
  const values = Object.fromEntries(Object.entries(some).map(([key, { value }]) => [key, value]));
  const { version, metadata } = some["read.colour"];
  return { some: values, all: [all["read.colour"].value, all["read.size"].value], versions: typeof version, metadata };
} };
