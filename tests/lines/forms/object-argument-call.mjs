const db = { insert(o) { throw new Error("dup"); } };
const id = () => 1;
export default {
  fetch() {
    return db.insert({
      id: id(),
      name: "x",
      tags: [
        "a",
      ],
    });
  },
};
