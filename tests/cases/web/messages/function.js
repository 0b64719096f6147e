const next = (port) => new Promise((resolve) => port.addEventListener("message", resolve, { once: true }));

export default async () => {
  const { port1, port2 } = new MessageChannel();
  const order = [];
  port1.postMessage(1);
  port1.postMessage(2);
  const both = new Promise((resolve) => port2.addEventListener("message", (event) => order.push(event.data) === 2 && resolve()));
  port2.start();
  await both;
  order.push("started");

  const bytes = new ArrayBuffer(4);
  const sent = { bytes, view: new Uint8Array(bytes, 1, 2) };
  port1.postMessage(sent, [sent.bytes]);
  const { data } = await next(port2);

  const other = new MessageChannel();
  port1.postMessage("take this", [other.port1]);
  const { ports } = await next(port2);
  ports[0].postMessage("by a port that moved");
  const through = new Promise((resolve) => (other.port2.onmessage = (event) => resolve(event.data)));

  let refused = "";
  try {
    port1.postMessage(() => {});
  } catch (error) {
    refused = error.name;
  }
  const closed = new Promise((resolve) => port2.addEventListener("close", () => resolve("closed")));
  port1.close();
  return { order: order.slice(0, 3), same: data === sent, moved: sent.bytes.byteLength, bytes: data.bytes.byteLength, view: [data.view.byteOffset, data.view.length], through: await through, refused, closed: await closed };
};
