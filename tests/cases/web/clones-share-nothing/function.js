export default {
  async fetch(request) {
    const response = new Response(new Uint8Array([1, 2, 3]));
    const clone = response.clone();
    (await response.bytes())[0] = 9;
    const json = Response.json({ a: 1 }, { headers: [["content-type", "application/x-own"]].values() });
    return { clone: [...(await clone.bytes())], type: json.headers.get("content-type") };
  },
};
