export default {
  async fetch(request) {
    const given = new URL(request.url).searchParams;
    const [mb, ms] = ["mb", "ms"].map((name) => Number(given.get(name)));
    const held = new Uint8Array(mb << 20);
    for (let page = 0; page < held.length; page += 4096) held.fill(page >> 12 | 1, page, page + 4096);
    await new Promise((done) => setTimeout(done, ms));
    return String(held.length >> 20);
  },
};
