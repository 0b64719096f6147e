export default { fetch() {
  const o = { };
  o
    [
     "a"
    ]
    ?.
    (
    );
  o
    [
     "a"
    ]
    (
    );
} };
