declare module "jpeg-js/lib/decoder.js" {
  export default function decode(
    file: Uint8Array,
    options: { useTArray: true; formatAsRGBA: boolean },
  ): { width: number; height: number; data: Uint8Array };
}

declare module "*.html" {
  const text: string;
  export default text;
}
