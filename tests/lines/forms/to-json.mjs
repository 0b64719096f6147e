const o = {
  toJSON() {
    throw new Error("toJSON");
  },
};
export default {
  fetch() {
    const a = 1;
    return JSON.stringify({
      a,
      o,
    });
  },
};
