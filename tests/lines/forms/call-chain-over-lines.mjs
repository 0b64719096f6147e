class Query {
  where() { return this; }
  limit(n) { if (n > 1) throw new RangeError("limit"); return this; }
  all() { return []; }
}
export default {
  fetch() {
    return new Query()
      .where("a")
      .limit(1)
      .where("b")
      .limit(2)
      .all();
  },
};
