const sql = {};
export default {
  fetch() {
    return sql.query`
      ${1}`;
  },
};
