export default {
  fetch() {
    const rows = [{ n: 1 }, { n: 2 }];
    return rows.sort(
      (a, b) => a.k.localeCompare(b.k),
    );
  },
};
