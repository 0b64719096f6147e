import type { Picture } from "./picture.ts";

/** Luma of ITU-R BT.601 in whole numbers: (299 R + 587 G + 114 B + 500) / 1000, rounded down. Alpha stays. */
export function grayscale({ width, height, channels, data }: Picture): Picture {
  if (channels <= 2) return { width, height, channels, data };
  const hasAlpha = channels === 4;
  const step = hasAlpha ? 2 : 1;
  const gray = new Uint8Array(width * height * step);
  for (let from = 0, to = 0; to < gray.length; from += channels, to += step) {
    gray[to] = ((299 * data[from] + 587 * data[from + 1] + 114 * data[from + 2] + 500) / 1000) | 0;
    if (hasAlpha) gray[to + 1] = data[from + 3];
  }
  return { width, height, channels: step, data: gray };
}
