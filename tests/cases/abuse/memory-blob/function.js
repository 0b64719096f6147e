export default () => {
  let blob = new Blob([new Uint8Array(1024)]);
  for (;;) blob = new Blob([blob, blob]);
};
