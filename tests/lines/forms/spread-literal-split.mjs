export default { fetch() {
  return [
    ...
    5
  ];
} };
