const sql = { query() { throw new Error("sql"); } };
export default {
  fetch() {
    return sql
      .query`select
        ${1}`;
  },
};
