const o = {
  get total() {
    throw new Error("getter");
  },
};
export default {
  fetch() {
    const a = 1;
    return (
      a +
      o.total
    );
  },
};
