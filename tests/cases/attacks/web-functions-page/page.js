// A page on the origin that functions share, and the worker that it would set over all of that.
export default {
  fetch(request) {
    if (new URL(request.url).pathname === "/sw.js") {
      const headers = { "content-type": "text/javascript", "service-worker-allowed": "/", "clear-site-data": '"*"' };
      return new Response("self.onfetch = (event) => {}", { headers });
    }
    return new Response("<script>fetch('/functions').then((r) => r.text())</script>", { headers: { "content-type": "text/html" } });
  },
};
