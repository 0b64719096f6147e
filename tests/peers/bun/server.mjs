// Bun's own HTTP server with the workload's handler.
/* global Bun */
const [workload, port] = process.argv.slice(2);
const { default: handler } = await import(workload);
Bun.serve({ hostname: "127.0.0.1", port: Number(port), fetch: handler.fetch });
