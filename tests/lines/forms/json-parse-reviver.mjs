export default {
  fetch() {
    return JSON.parse('{"a":1}', (k, v) => {
      if (k === "a") throw new Error("reviver");
      return v;
    });
  },
};
