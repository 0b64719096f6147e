export default { fetch() {
  const tag = null;
  return tag
    `x
     ${1}`;
} };
