const rows = { list: undefined };
export default {
  fetch() {
    return rows?.list
      [0];
  },
};
