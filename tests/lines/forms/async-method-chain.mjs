class Repo {
  async load() {
    await null;
    return this.rows.find(() => 1);
  }
}
class Service {
  repo = new Repo();
  async get() {
    const r = await this.repo
      .load();
    return r;
  }
}
export default {
  async fetch() {
    const s = new Service();
    return {
      it: await s.get(),
    };
  },
};
