export default {
  async fetch() {
    await new Promise((resolve, reject) => {
      queueMicrotask(() => {
        reject(
          new Error("micro"),
        );
      });
    });
  },
};
