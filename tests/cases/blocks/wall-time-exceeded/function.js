export default () => new Promise((done) => setTimeout(done, 5_000));
