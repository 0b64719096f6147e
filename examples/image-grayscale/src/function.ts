// POST a PNG or JPEG file, get it back in gray as PNG. GET is a page to try it with.
import { type Context, invoke } from "@daplet/sdk";
import { grayscale } from "./grayscale.ts";
import page from "./page.html";
import { decode, encode, PictureError } from "./picture.ts";

export function GET(): Response {
  return new Response(page, { headers: { "content-type": "text/html; charset=utf-8" } });
}

export async function POST(request: Request, _env: unknown, ctx: Context): Promise<Response> {
  const file = new Uint8Array(await request.arrayBuffer());
  try {
    const picture = decode(file);
    const png = encode(grayscale(picture));
    const { width, height } = picture;
    // The answer does not wait for the record, and a failing recorder does no harm to it.
    ctx.waitUntil(record({ kind: "image.converted", width, height, bytesIn: file.length, bytesOut: png.length }));
    return new Response(png as BodyInit, { headers: { "content-type": "image/png" } });
  } catch (error) {
    if (!(error instanceof PictureError)) throw error;
    ctx.waitUntil(record({ kind: "image.refused", status: error.status, reason: error.message }));
    return Response.json({ error: error.message }, { status: error.status });
  }
}

/** Tells the function `events-service` what happened. */
async function record(event: object): Promise<void> {
  try {
    const headers = { "content-type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify(event) };
    const response = await invoke("daplet").fetch("/events-service/events", init);
    if (!response.ok) throw new Error(`events-service answered ${response.status}`);
  } catch (error) {
    console.warn(`event not recorded: ${String(error)}`);
  }
}
