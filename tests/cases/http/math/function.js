export default () => ({
  below: [0.5, 0, -1, -45804.79109579287, -57585200.2, -Infinity].map((x) => String(Math.acosh(x))),
  above: [1, 2].map(Math.acosh),
});
