addEventListener("fetch", (event) => {
  const { pathname } = new URL(event.request.url);
  event.passThroughOnException();
  event.waitUntil(Promise.resolve());
  if (pathname === "/text") event.respondWith(`${event.request.method} ${pathname}`);
  if (pathname === "/later") event.respondWith(later());
  if (pathname === "/throws") throw new Error("thrown in the listener");
  if (pathname === "/twice") {
    let name = "";
    event.respondWith(Promise.resolve().then(() => name));
    try {
      event.respondWith("again");
    } catch (error) {
      name = error.name;
    }
  }
});
const later = async () => {
  await null;
  return new Response("later", { status: 201 });
};
