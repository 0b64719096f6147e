export default {
  async fetch() {
    for (let i = 0; i < 400; i++) await new Promise((done) => setTimeout(done, 0));
    for (;;);
  },
};
