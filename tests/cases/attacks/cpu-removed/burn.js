export default { fetch() { for (;;); } };
