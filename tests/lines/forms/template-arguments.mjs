function fail(v) { throw new Error(v); }
export default {
  fetch() {
    return `first
      second ${1}
      third ${fail(2)}
      fourth`;
  },
};
