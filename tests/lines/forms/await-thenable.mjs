const thenable = {
  then(resolve, reject) {
    reject(new Error("thenable"));
  },
};
export default {
  async fetch() {
    const a = 1;
    await thenable;
  },
};
