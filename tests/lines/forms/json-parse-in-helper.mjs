const body = "<html>";
async function readJson() {
  await null;
  return JSON.parse(body);
}
export default {
  async fetch() {
    const json = await readJson();
    return json;
  },
};
