// Node's own HTTP server; each request gets a fresh context of V8 in the same heap, and runs the compiled script in it.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createContext, Script } from "node:vm";

const [workload, port] = process.argv.slice(2);
const script = new Script(readFileSync(workload, "utf8"), { filename: workload });

const answer = (response, body) => {
  const context = createContext({});
  script.runInContext(context);
  const text = context.handle(body);
  response.writeHead(200, { "content-length": Buffer.byteLength(text) });
  response.end(text);
};

createServer((request, response) => {
  if (request.method === "GET") return answer(response, "");
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => answer(response, Buffer.concat(chunks).toString()));
}).listen(Number(port), "127.0.0.1");
