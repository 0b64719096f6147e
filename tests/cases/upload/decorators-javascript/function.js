let kind;
const twice = (f) => function (...args) { return 2 * f.apply(this, args) };
const about = (c, context) => { kind = context.kind };
@about class A { @twice double(n) { return n } }
export default () => ({ twice: new A().double(2), kind });
