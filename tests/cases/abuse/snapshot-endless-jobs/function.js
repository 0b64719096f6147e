const f = () => Promise.resolve().then(f); f();
export default () => 1;
