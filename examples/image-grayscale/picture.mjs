// Draws the example's test picture, a dusk over hills, and writes it as picture.png and picture.jpg.
import { writeFile } from "node:fs/promises";
import { encode } from "fast-png";
import jpeg from "jpeg-js";

const [width, height] = [320, 200];
const sky = [
  [0, [38, 42, 92]],
  [0.45, [196, 92, 108]],
  [0.75, [250, 178, 98]],
  [1, [255, 226, 160]],
];
const hills = [
  { base: 0.66, swing: 0.07, waves: 1.6, shift: 0.4, color: [122, 78, 110] },
  { base: 0.76, swing: 0.06, waves: 2.3, shift: 2.1, color: [66, 88, 96] },
  { base: 0.88, swing: 0.05, waves: 1.3, shift: 4.0, color: [28, 64, 56] },
];

function mix(a, b, t) {
  return a.map((value, i) => value + (b[i] - value) * t);
}

function colorAt(x, y) {
  let color = sky[0][1];
  for (let i = 1; i < sky.length; i++) {
    const [[from, a], [to, b]] = [sky[i - 1], sky[i]];
    if (y >= from) color = mix(a, b, Math.min(1, (y - from) / (to - from)));
  }
  const distance = Math.hypot((x - 0.68) * (width / height), y - 0.5);
  color = mix(color, [255, 240, 205], Math.max(0, Math.min(1, (0.105 - distance) * 60)));
  color = mix(color, [255, 214, 150], 0.45 * Math.exp(-distance * 6));
  for (const { base, swing, waves, shift, color: hill } of hills) {
    const top = base + swing * Math.sin(x * waves * 2 * Math.PI + shift);
    color = mix(color, hill, Math.max(0, Math.min(1, (y - top) * height)));
  }
  return color.map(Math.round);
}

const rgb = new Uint8Array(width * height * 3);
const rgba = new Uint8Array(width * height * 4).fill(255);
for (let y = 0; y < height; y++) {
  for (let x = 0; x < width; x++) {
    const color = colorAt((x + 0.5) / width, (y + 0.5) / height);
    rgb.set(color, (y * width + x) * 3);
    rgba.set(color, (y * width + x) * 4);
  }
}
await writeFile(new URL("picture.png", import.meta.url), encode({ width, height, channels: 3, data: rgb }));
await writeFile(new URL("picture.jpg", import.meta.url), jpeg.encode({ width, height, data: rgba }, 90).data);
