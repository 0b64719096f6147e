const parse = (text) =>
  JSON.parse(text, (k, v) => v.a.b);
export default {
  fetch() {
    return parse('{"x":1}');
  },
};
