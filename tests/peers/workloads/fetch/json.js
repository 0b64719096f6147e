export default {
  async fetch(request) {
    const { items } = await request.json();
    const sum = items.reduce((total, item) => total + item.n, 0);
    const body = JSON.stringify({ sum, items: items.map((item) => ({ ...item, n: item.n * 2 })) });
    return new Response(body, { headers: { "content-type": "application/json" } });
  },
};
