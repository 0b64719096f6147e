function* f() { let n = 0; for (;;) yield n++ } const g = f(); g.next();
export default () => String(g.next().value);
