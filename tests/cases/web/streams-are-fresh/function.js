// Made while the module is loaded: each request gets them as they were then.
let pulls = 0;
const numbers = new ReadableStream({ pull: (controller) => controller.enqueue(++pulls) }, { highWaterMark: 0 }).getReader();
const decoder = new TextDecoder();
const start = decoder.decode(new Uint8Array([0xe2, 0x82]), { stream: true });
const through = new TransformStream();
const writer = through.writable.getWriter();

export default async () => {
  const room = writer.desiredSize;
  const written = writer.write("a chunk");
  const { value: chunk } = await through.readable.getReader().read();
  await written;
  return { number: (await numbers.read()).value, text: start + decoder.decode(new Uint8Array([0xac])), room, chunk };
};
