export default { fetch() {
  return {
    [
      Symbol.iterator + ""
    ]: 1
  };
} };
