export default { fetch() {
  const o = null;
  with_(
  );
  function with_() {
    return delete
      o
      .x;
  }
} };
