const m = await import("node:fs");
export default () => m;
