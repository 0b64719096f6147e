import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { crc32, deflateSync } from "node:zlib";
import { fakeDaplet } from "@daplet/sdk/testing";
import { decode, encode } from "fast-png";
import * as events from "../events-service/function.js";
import * as image from "./dist/function.js";

const picture = (name) => readFile(new URL(name, import.meta.url));
const luma = (r, g, b) => Math.floor((299 * r + 587 * g + 114 * b + 500) / 1000);

/** A PNG of packed samples; fast-png itself writes none. `rows` begin with their filter byte. */
function packedPng(width, height, depth, colorType, rows, palette = []) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    crc.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, crc]);
  };
  const header = Buffer.from([0, 0, 0, width, 0, 0, 0, height, depth, colorType, 0, 0, 0]);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);
  const plte = palette.length > 0 ? [chunk("PLTE", Buffer.from(palette))] : [];
  const data = deflateSync(Buffer.from(rows.flat()));
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    ...plte,
    chunk("IDAT", data),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

async function convert(daplet, file) {
  const response = await daplet.fetch("/image-grayscale/", { method: "POST", body: file });
  assert.equal(response.status, 200, await response.clone().text());
  assert.equal(response.headers.get("content-type"), "image/png");
  return decode(new Uint8Array(await response.arrayBuffer()));
}

test("every pixel of a PNG becomes its luma, and the event is recorded", async () => {
  const daplet = fakeDaplet().mount("image-grayscale", image).mount("events-service", events);
  const file = await picture("picture.png");
  const before = decode(file);
  const after = await convert(daplet, file);
  assert.deepEqual([after.width, after.height, after.channels], [before.width, before.height, 1]);
  for (let i = 0; i < after.data.length; i++) {
    assert.equal(after.data[i], luma(...before.data.subarray(3 * i, 3 * i + 3)), `pixel ${i}`);
  }
  const recorded = await (await daplet.fetch("/events-service/events?kind=image.converted")).json();
  const { width, height, bytesIn } = recorded.events[0];
  assert.deepEqual([width, height, bytesIn], [320, 200, file.length]);
});

test("a JPEG of the same picture gives nearly the same gray", async () => {
  const daplet = fakeDaplet().mount("image-grayscale", image).mount("events-service", events);
  const [png, jpeg] = [
    await convert(daplet, await picture("picture.png")),
    await convert(daplet, await picture("picture.jpg")),
  ];
  const off = png.data.map((value, i) => Math.abs(value - jpeg.data[i]));
  assert.ok(off.reduce((sum, value) => sum + value) / off.length < 1.5);
});

test("alpha, palettes and other depths are read right", async () => {
  const daplet = fakeDaplet().mount("image-grayscale", image).mount("events-service", events);
  const rgba = { width: 2, height: 1, channels: 4, data: new Uint8Array([255, 0, 0, 128, 0, 0, 255, 0]) };
  const withAlpha = await convert(daplet, encode(rgba));
  assert.deepEqual([...withAlpha.data], [luma(255, 0, 0), 128, luma(0, 0, 255), 0]);
  const deep = { width: 2, height: 1, channels: 1, depth: 16, data: new Uint16Array([0x1234, 0xffff]) };
  assert.deepEqual([...(await convert(daplet, encode(deep))).data], [0x12, 0xff]);
  const twoBits = packedPng(5, 2, 2, 0, [
    [0, 0b00011011, 0b11000000],
    [0, 0b11100100, 0b01000000],
  ]);
  assert.deepEqual([...(await convert(daplet, twoBits)).data], [0, 85, 170, 255, 255, 255, 170, 85, 0, 85]);
  const indexed = packedPng(3, 1, 4, 3, [[0, 0x01, 0x20]], [255, 0, 0, 0, 255, 0, 0, 0, 255]);
  assert.deepEqual([...(await convert(daplet, indexed)).data], [luma(255, 0, 0), luma(0, 255, 0), luma(0, 0, 255)]);
});

test("what is no picture is refused, and nothing fails when nobody records", async () => {
  const daplet = fakeDaplet().mount("image-grayscale", image);
  const text = await daplet.fetch("/image-grayscale/", { method: "POST", body: "hello" });
  assert.equal(text.status, 415);
  const file = await picture("picture.png");
  const cut = await daplet.fetch("/image-grayscale/", { method: "POST", body: file.subarray(0, 2000) });
  assert.equal(cut.status, 422);
  const huge = new Uint8Array(file);
  new DataView(huge.buffer).setUint32(16, 100_000);
  const refused = await daplet.fetch("/image-grayscale/", { method: "POST", body: huge });
  assert.equal(refused.status, 413);
  assert.match((await refused.json()).error, /100000 x 200 pixels are more than the limit of 1000000/);
  await convert(daplet, file);
  assert.deepEqual(daplet.failures, []);
});

test("GET is the page", async () => {
  const daplet = fakeDaplet().mount("image-grayscale", image);
  const page = await daplet.fetch("/image-grayscale/");
  assert.match(page.headers.get("content-type"), /^text\/html/);
  assert.match(await page.text(), /<input id="file" type="file"/);
});
