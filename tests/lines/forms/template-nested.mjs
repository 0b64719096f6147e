const f = (x) => { throw new Error(x); };
export default {
  fetch() {
    return `a ${[1].map((n) => `
      n ${n}
      ${f("x")}`)}
      c`;
  },
};
