export default { fetch() {
  return {
    ...
      undefinedVar
  };
} };
