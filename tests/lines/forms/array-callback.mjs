export default {
  fetch() {
    const rows = [{ a: { b: 1 } }, {}];
    return rows.map((row) => {
      const a = row.a;
      return a.b;
    });
  },
};
