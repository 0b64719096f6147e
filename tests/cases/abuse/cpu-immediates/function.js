export default () => new Promise(() => {
  const again = () => setImmediate(again);
  again();
});
