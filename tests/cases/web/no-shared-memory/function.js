export default () => ({ shared: typeof SharedArrayBuffer, atomics: typeof Atomics });
