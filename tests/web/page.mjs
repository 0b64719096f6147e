// Opens the image example's page in headless Chromium, uploads a picture and checks what the page shows.
// Usage: node page.mjs URL. Screenshots go to target/. Exits with 0 when all is as it should be.
/* global document, OffscreenCanvas */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../../", import.meta.url));
const example = join(root, "examples/image-grayscale");
const shots = join(root, "target/screenshots");
const url = process.argv[2];
assert.ok(url, "usage: node page.mjs URL");

const quiet =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --disable-dev-shm-usage";

/** Colors of an image as the browser decodes it: [width, height, RGBA bytes]. */
const readImage = (image) => {
  const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const { width, height, data } = context.getImageData(0, 0, canvas.width, canvas.height);
  return [width, height, [...data]];
};

/** Chooses a file and waits until the page shows a new result. */
async function convert(page, file) {
  const old = await page.locator("#after").getAttribute("src");
  await page.setInputFiles("#file", file);
  await page.waitForFunction((old) => {
    const src = document.getElementById("after").getAttribute("src");
    return src !== null && src !== old && document.getElementById("status").textContent.startsWith("Done");
  }, old);
}

async function check(page) {
  const errors = [];
  page.on("pageerror", (error) => errors.push(error));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  const answer = await page.goto(url);
  assert.equal(answer.status(), 200);
  await page.screenshot({ path: join(shots, "grayscale-empty.png") });

  await convert(page, join(example, "picture.png"));
  await page.screenshot({ path: join(shots, "grayscale-done.png") });
  const [width, height, before] = await page.locator("#before").evaluate(readImage);
  const [grayWidth, grayHeight, after] = await page.locator("#after").evaluate(readImage);
  assert.deepEqual([width, height, grayWidth, grayHeight], [320, 200, 320, 200]);
  for (let at = 0; at < before.length; at += 4) {
    const [r, g, b] = before.slice(at, at + 3);
    const luma = Math.floor((299 * r + 587 * g + 114 * b + 500) / 1000);
    assert.deepEqual(after.slice(at, at + 4), [luma, luma, luma, 255], `pixel ${at / 4}`);
  }

  // A JPEG works as well, and what is no picture gets an answer in words.
  await convert(page, join(example, "picture.jpg"));
  assert.deepEqual((await page.locator("#after").evaluate(readImage)).slice(0, 2), [320, 200]);
  await page.setInputFiles("#file", { name: "notes.png", mimeType: "image/png", buffer: Buffer.from("no picture") });
  await page.locator("#status.error").waitFor();
  assert.match(await page.locator("#status").textContent(), /as a picture/);
  await convert(page, join(example, "picture.jpg"));
  await page.setViewportSize({ width: 390, height: 844 });
  await page.screenshot({ path: join(shots, "grayscale-narrow.png") });
  assert.deepEqual(errors, []);
}

await mkdir(shots, { recursive: true });
const profile = await mkdtemp(join(tmpdir(), "daplet-chromium-"));
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const viewport = { width: 1100, height: 720 };
const browser = await chromium.launchPersistentContext(profile, {
  executablePath,
  headless: true,
  args: quiet.split(" "),
  viewport,
});
try {
  browser.setDefaultTimeout(60_000);
  await check(browser.pages()[0] ?? (await browser.newPage()));
  console.log("the page works: 64,000 pixels compared");
} finally {
  await browser.close();
  // Processes of the browser may still write there for a moment.
  await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}
