// Runs one test of test262 and says how it ended: "done", or the error. The same text runs in the guest and natively.
async (text) => {
  const { scripts, asynchronous } = JSON.parse(text);
  const run = eval; // indirect: in the global scope
  let end;
  const ended = new Promise((resolve) => { end = resolve });
  const show = (error) => {
    try { return `${error?.name ?? typeof error}: ${error?.message ?? String(error)}`.split("\n")[0] } catch { return "an error that cannot be shown" }
  };
  globalThis.print = (line) => end(line === "Test262:AsyncTestComplete" ? "done" : `${line}`);
  globalThis.$262 = {
    evalScript: (source) => run(source),
    detachArrayBuffer: (buffer) => { buffer.transfer() },
    gc: () => {},
    global: globalThis,
  };
  try {
    for (const script of scripts) run(script);
  } catch (error) {
    return show(error);
  }
  return asynchronous ? await ended : "done";
}
