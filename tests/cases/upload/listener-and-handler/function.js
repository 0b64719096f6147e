addEventListener("fetch", (event) => event.respondWith("one"));
export default () => "two";
