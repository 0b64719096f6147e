const shown = async (form) => {
  const list = [];
  for (const [name, value] of form) {
    list.push(typeof value === "string" ? [name, value] : [name, value.name, value.type, await value.text()]);
  }
  return list;
};
const answers = {
  "/in": (request) => request.formData().then(shown, (error) => [[error.name]]),
  "/out": async () => {
    const form = new FormData();
    form.append("a\nb", "1\n2");
    form.append("f", new Blob(["xy", new Blob(["z"])], { type: "text/plain" }));
    form.append("g", new File([new Uint8Array([65])], 'q"\n.bin'));
    return shown(await new Response(form).formData());
  },
  "/blob": () => new Response(new Blob(["a blob"], { type: "text/csv" }).slice(-3, undefined, "text/csv")),
};
export default (request) => answers[new URL(request.url).pathname](request);
