const f = () => f(); f();
export default () => 1;
