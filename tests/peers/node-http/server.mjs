// Node's own HTTP server, the workload loaded once: every request shares its heap.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { runInThisContext } from "node:vm";

const [workload, port] = process.argv.slice(2);
runInThisContext(readFileSync(workload, "utf8"), workload);

const answer = (response, text) => {
  response.writeHead(200, { "content-length": Buffer.byteLength(text) });
  response.end(text);
};

createServer((request, response) => {
  if (request.method === "GET") return answer(response, globalThis.handle(""));
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => answer(response, globalThis.handle(Buffer.concat(chunks).toString())));
}).listen(Number(port), "127.0.0.1");
