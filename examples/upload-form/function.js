import { state } from "@daplet/sdk";

const PAGE = `<!doctype html>
<title>Upload a file</title>
<form method="post" enctype="multipart/form-data">
  <label>Title <input name="title" required></label>
  <label>File <input type="file" name="file" required></label>
  <button>Upload</button>
</form>
`;
/** State is for small values; what is larger belongs into an object store. */
const MOST_BYTES = 512 * 1024;

export default {
  async fetch(request, env, ctx) {
    const name = decodeURIComponent(new URL(request.url).pathname.slice(1));
    if (request.method === "POST") return keep(await request.formData(), ctx.mount);
    if (name === "") return new Response(PAGE, { headers: { "content-type": "text/html;charset=UTF-8" } });
    const kept = await state().get(name);
    return kept === null ? new Response("no such file\n", { status: 404 }) : giveBack(kept);
  },
};

async function keep(form, mount) {
  const file = form.get("file");
  if (!(file instanceof File) || file.name === "") return new Response("choose a file\n", { status: 400 });
  if (file.size > MOST_BYTES) return new Response(`a file has at most ${MOST_BYTES} bytes\n`, { status: 413 });
  const text = Array.from(new Uint8Array(await file.arrayBuffer()), (byte) => String.fromCharCode(byte)).join("");
  const { name, type, size } = file;
  await state().put(name, { title: form.get("title"), name, type, base64: btoa(text) });
  const location = `${mount}/${encodeURIComponent(name)}`;
  return Response.json({ name, type, size, location }, { status: 201, headers: { location } });
}

function giveBack({ title, name, type, base64 }) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const headers = {
    "content-disposition": `attachment; filename*=UTF-8''${encodeURIComponent(name)}`,
    "content-security-policy": "sandbox",
    "x-content-type-options": "nosniff",
    "x-title": encodeURIComponent(title),
  };
  return new Response(new File([bytes], name, { type }), { headers });
}
