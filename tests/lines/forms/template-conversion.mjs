const odd = {
  toString() {
    throw new Error("no text");
  },
};
export default {
  fetch() {
    const a = 1;
    return `first ${a}
      second ${odd}
      third`;
  },
};
