const o = {
  [Symbol.toPrimitive]() {
    throw new Error("primitive");
  },
};
export default {
  fetch() {
    const a = 1;
    return a *
      o;
  },
};
