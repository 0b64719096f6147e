export default {
  fetch() {
    const rows = [];
    return rows[0]
      [
        "name"
      ];
  },
};
